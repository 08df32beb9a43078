/**
 * Prove what can be proved of a design: each of its units equal to its specification, for the parameters it has
 * here; and that none of its widths overflows, from its weights. What is left (how the units are connected, and
 * when the sequencer starts what) is for the cosimulation.
 */
import type { Design } from '../design/design.js';
import { npmYosysVersion } from '../eda/yosys.js';
import { emit } from '../emit/emit.js';
import { PROPERTIES, type Method, type Property } from './catalogue.js';
import { unitsOf } from './instances.js';
import { enumerate } from './memories.js';
import { prove, provedParameters, type Proof, type ProveOptions } from './prove.js';
import { parameterText } from './specification.js';
import { proveWidths, type WidthProof } from './widths.js';

export interface UnitProof extends Proof {
  readonly unit: string;
  /** NAME=value, in the unit's order. */
  readonly parameters: string;
  readonly claim: string;
  readonly method: Method;
  readonly steps: number;
  /** What was cut out of the unit: the claim holds whatever that does. */
  readonly cut: readonly string[];
}

export interface FormalReport {
  readonly design: string;
  readonly tool: string;
  readonly units: readonly UnitProof[];
  /** Modules that only connect others, or whose schedule the cosimulation checks. */
  readonly notCovered: readonly string[];
  readonly widths: readonly WidthProof[];
  /** Whether everything above is proved. */
  readonly passed: boolean;
}

export interface FormalOptions extends ProveOptions {
  /** What to prove of units; the default is all. */
  readonly properties?: readonly Property[];
  /** Proofs that are done, by what they prove: pass the same map to prove no unit twice. */
  readonly done?: Map<string, UnitProof>;
  readonly onProof?: (proof: UnitProof, done: number, total: number) => void;
  readonly onStart?: (what: string, done: number, total: number) => void;
}

/** @throws EdaError where Yosys is missing or cannot read the design, and on abort. */
export async function proveDesign(
  design: Design,
  options: FormalOptions = {},
): Promise<FormalReport> {
  const netlist = emit(design);
  const units = await unitsOf(netlist, options.signal);
  const done = options.done ?? new Map<string, UnitProof>();
  const notCovered = new Set<string>();
  const tasks = new Map<string, () => Promise<UnitProof>>();
  for (const { name, parameters } of units) {
    const properties = (options.properties ?? PROPERTIES).filter(({ unit }) => unit === name);
    if (name !== 'hg_rom' && !PROPERTIES.some(({ unit }) => unit === name)) notCovered.add(name);
    for (const property of properties) {
      if (property.when?.(parameters) === false) continue;
      const proved = provedParameters(property, parameters);
      const text = Object.entries(proved)
        .map(([key, value]) => `${key}=${parameterText(value)}`)
        .join(' ');
      const { unit, claim, method, steps } = property;
      const cut = [...(property.cut ?? []), ...(property.products ? ['products'] : [])];
      tasks.set(`${property.spec} ${text}`, async () => ({
        ...{ unit, parameters: text, claim, method, steps, cut },
        ...(await prove(property, parameters, netlist.files, options)),
      }));
    }
  }
  const proofs: UnitProof[] = [];
  for (const [key, run] of tasks) {
    options.signal?.throwIfAborted();
    options.onStart?.(key, proofs.length, tasks.size);
    const proof = done.get(key) ?? (await run());
    done.set(key, proof);
    proofs.push(proof);
    options.onProof?.(proof, proofs.length, tasks.size);
  }
  const begin = performance.now();
  for (const { unit, claim, extent, differences } of await enumerate(design, netlist, units)) {
    const isProved = differences.length === 0;
    proofs.push({
      ...{ unit, claim, parameters: extent, method: 'enumeration', steps: 1, cut: [], clauses: 0 },
      status: isProved ? 'proved' : 'failed',
      seconds: Math.round((performance.now() - begin) / 100) / 10,
      ...(isProved ? {} : { reason: differences.slice(0, 4).join('; ') }),
    });
  }
  const widths = proveWidths(design);
  return {
    design: design.name,
    tool: `Yosys ${await npmYosysVersion()} (npm)`,
    units: proofs,
    notCovered: [...notCovered],
    widths,
    passed: [...proofs, ...widths].every(({ status }) => status === 'proved'),
  };
}
