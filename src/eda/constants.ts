/** Latches that never change, whatever the inputs: found by running a circuit with unknown inputs. */
import { type Aig, type Latch, type Literal } from './aig.js';

/** 0, 1, or not known. */
type Trit = 0 | 1 | 2;
const UNKNOWN = 2;

/**
 * Of latches that are 0 at first, those that stay so: each is 0 in the first cycle, and where it is known to be 0 in
 * one cycle, with all that is not known, it is in the next.
 */
export function constantLatches(aig: Aig, latches: readonly Latch[]): Latch[] {
  const nodes = aig.cone(latches.map(({ output }) => output));
  const values = new Uint8Array((nodes[nodes.length - 1] ?? 0) + 1);
  const still = new Set(latches);
  const valueOf = (literal: Literal): Trit => {
    const value = values[literal >> 1] as Trit;
    return value === UNKNOWN ? UNKNOWN : (((value ^ literal) & 1) as Trit);
  };
  for (;;) {
    for (const node of nodes) {
      const operands = aig.operands(node);
      if (operands === undefined) {
        const latch = aig.latchOf(node);
        values[node] = latch !== undefined && still.has(latch) ? 0 : UNKNOWN;
        continue;
      }
      const [a, b] = operands.map(valueOf);
      values[node] = a === 0 || b === 0 ? 0 : a === 1 && b === 1 ? 1 : UNKNOWN;
    }
    const changed = [...still].filter(({ next }) => valueOf(next) !== 0);
    if (changed.length === 0) return [...still];
    for (const latch of changed) still.delete(latch);
  }
}
