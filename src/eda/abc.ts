/**
 * Whether a bit of a sequential circuit can ever become 1, by the ABC that the npm build of Yosys has inside: all
 * signals that are alike in every reachable state, found by induction, become one (scorr); then an inductive
 * invariant is looked for that keeps the bit 0 (property directed reachability). Both are proofs for runs of any
 * length, from the first cycle on.
 */
import { not, type Aig, type Literal } from './aig.js';
import type { RunLimits } from './process.js';
import { runInWorker } from './worker.js';
import { EdaError } from './errors.js';

/** never: proved. reachable: there is a run in which it becomes 1. unknown: no answer in the time. */
export type Reachability = 'never' | 'reachable' | 'unknown';

export interface ReachabilityResult {
  readonly answer: Reachability;
  /** What was left after what has no influence: for the record. */
  readonly latches: number;
  readonly gates: number;
}

/** @throws EdaError on abort, and where Yosys fails. */
export async function canBecomeTrue(
  aig: Aig,
  bad: Literal,
  { timeoutSeconds = 60, signal }: RunLimits = {},
): Promise<ReachabilityResult> {
  const { blif, latches, gates } = blifOf(aig, bad);
  const done = (answer: Reachability): ReachabilityResult => ({ answer, latches, gates });
  if (bad >> 1 === 0) return done(bad === 0 ? 'never' : 'reachable');
  // Not with a limit of its own: the clock of the npm build stands still.
  const script = latches > 0 ? 'strash; scorr; pdr; print_status' : 'strash; iprove; print_status';
  const commands = [
    'read_blif miter.blif; simplemap',
    // The result does not go back into the netlist: its answer is in the log.
    'abc -dff -script prove.abc',
  ];
  try {
    const { log } = await runInWorker({
      ...{ tool: 'yosys', args: ['-p', commands.join('; ')], outputs: [], stage: 'reachability' },
      files: { 'miter.blif': blif, 'prove.abc': `${script.replaceAll('; ', '\n')}\n` },
      timeoutSeconds,
      ...(signal === undefined ? {} : { signal }),
    });
    return done(answerIn(log));
  } catch (error) {
    if (!(error instanceof EdaError) || signal?.aborted === true) throw error;
    // It ran out of time, or could not put back what it had proved.
    return done(answerIn(error.logTail.join('\n')));
  }
}

/** What print_status says. */
function answerIn(log: string): Reachability {
  const status = /ABC: Status = (-?\d)/.exec(log)?.[1];
  return status === '1' ? 'never' : status === '0' ? 'reachable' : 'unknown';
}

/** The cone of a literal as a netlist that Yosys reads. */
function blifOf(aig: Aig, bad: Literal): { blif: string; latches: number; gates: number } {
  const nodes = aig.cone([bad]);
  const inputs = nodes.filter(
    (node) => aig.operands(node) === undefined && aig.latchOf(node) === undefined,
  );
  const body: string[] = [];
  const inverted = new Set<number>();
  const net = (literal: Literal): string => {
    if (literal < 2) return literal === 0 ? 'zero' : 'one';
    if ((literal & 1) === 0) return `n${literal >> 1}`;
    const name = `i${literal >> 1}`;
    if (!inverted.has(literal)) {
      inverted.add(literal);
      body.push(`.subckt $_NOT_ A=${net(not(literal))} Y=${name}`);
    }
    return name;
  };
  let latches = 0;
  let gates = 0;
  for (const node of nodes) {
    const latch = aig.latchOf(node);
    const operands = aig.operands(node);
    if (latch !== undefined) {
      latches++;
      body.push(`.latch ${net(latch.next)} n${node} re clk 0`);
    } else if (operands !== undefined) {
      gates++;
      body.push(`.subckt $_AND_ A=${net(operands[0])} B=${net(operands[1])} Y=n${node}`);
    }
  }
  body.push(`.subckt $_BUF_ A=${net(bad)} Y=bad`);
  const header = [
    '.model miter',
    `.inputs clk ${inputs.map((node) => `n${node}`).join(' ')}`,
    '.outputs bad',
    '.names zero',
    '.names one\n1',
  ];
  return { blif: [...header, ...body, '.end', ''].join('\n'), latches, gates };
}
