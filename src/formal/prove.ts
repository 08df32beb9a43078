/** One proof: a unit inside its specification, all inputs, by Yosys' SAT solver. */
import { EdaError } from '../eda/errors.js';
import type { SourceFiles } from '../eda/files.js';
import { runInWorker } from '../eda/worker.js';
import type { Property } from './catalogue.js';
import { parseCounterexample, type Counterexample } from './counterexample.js';
import {
  parameterLiteral,
  signedNames,
  specParameters,
  specSource,
  type Parameters,
} from './specification.js';

/**
 * `failed`: the solver found values that break the claim, or, of an invariant, that it does not follow from itself.
 * `unfinished`: no answer within the time limit.
 */
export type Status = 'proved' | 'failed' | 'unfinished';

export interface Proof {
  readonly status: Status;
  readonly seconds: number;
  /** Size of the problem, for the record. */
  readonly clauses: number;
  readonly counterexample?: Counterexample;
  /** Why there is no counterexample though the proof failed. */
  readonly reason?: string;
}

export interface ProveOptions {
  /** Of one proof; the default is 300. */
  readonly limitSeconds?: number;
  readonly signal?: AbortSignal;
}

export const DEFAULT_LIMIT_SECONDS = 300;

/** Parameters that the property's specification asks for. */
export function provedParameters(property: Property, parameters: Parameters): Parameters {
  const asked = specParameters(specSource(`${property.spec}.v`));
  const reduced = property.reduce?.(parameters) ?? parameters;
  return Object.fromEntries(
    asked.flatMap((name) => (name in reduced ? [[name, reduced[name]]] : [])),
  );
}

function satCommand({ method, steps, from = 1 }: Property): string {
  const common = '-prove-asserts -set-assumes -show-public';
  if (method === 'combinational') return `sat ${common}`;
  if (method === 'induction')
    return `sat -tempinduct -initsteps ${from} -maxsteps ${steps} ${common}`;
  return `sat -seq ${steps} -prove-skip ${steps - 1} ${common}`;
}

/** The Yosys script, and the files that it reads. */
function setUp(
  property: Property,
  parameters: Parameters,
  sources: SourceFiles,
): { script: string; files: Record<string, string> } {
  const { unit, spec, cut = [], products = [], uses = [] } = property;
  const files: Record<string, string> = { [`${spec}_spec.v`]: specSource(`${spec}.v`) };
  // A module that is only there with some parameters may be missing.
  for (const name of [unit, ...uses]) {
    if (sources[`${name}.v`] !== undefined) files[`${name}.v`] = sources[`${name}.v`];
  }
  for (const name of cut) files[`${name}.v`] = specSource(`cut/${name}.v`);
  const chosen = Object.entries(parameters)
    .map(([name, value]) => ` -chparam ${name} ${parameterLiteral(value)}`)
    .join('');
  const script = [
    ...Object.keys(files).map((name) => `read_verilog -formal -defer ${name}`),
    `hierarchy -top ${spec}_spec${chosen}`,
    'proc; flatten; chformal -lower',
    'opt -nodffe -nosdff -fine; memory_map; opt -nodffe -nosdff -fine',
    // Last, since simplification would take a signal that nothing drives for one that does not matter.
    // A multiplication drives its signal, or the register that is named, at most three steps back.
    ...products.map((name) => `delete w:dut.${name} %ci3 t:$mul %i`),
    satCommand(property),
  ].join('; ');
  return { script, files };
}

/**
 * Prove a property of a unit with these parameters; `sources` are the Verilog files by name.
 *
 * @throws EdaError where Yosys cannot read the files, and on abort.
 */
export async function prove(
  property: Property,
  parameters: Parameters,
  sources: SourceFiles,
  options: ProveOptions = {},
): Promise<Proof> {
  const begin = performance.now();
  const seconds = (): number => Math.round((performance.now() - begin) / 100) / 10;
  const { script, files } = setUp(property, provedParameters(property, parameters), sources);
  const limit = options.limitSeconds ?? DEFAULT_LIMIT_SECONDS;
  let log: string;
  try {
    const run = await runInWorker({
      ...{
        tool: 'yosys',
        args: ['-p', script],
        files,
        outputs: [],
        stage: `prove ${property.spec}`,
      },
      timeoutSeconds: limit,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    log = run.log;
  } catch (error) {
    if (!(error instanceof EdaError) || !error.message.includes('no result within')) throw error;
    return { status: 'unfinished', seconds: seconds(), clauses: 0 };
  }
  const sizes = [...log.matchAll(/Solving problem with \d+ variables and (\d+) clauses/g)];
  const clauses = Math.max(0, ...sizes.map(([, count]) => Number(count)));
  if (!log.includes('Import proof for assert')) {
    throw new EdaError('the specification asserts nothing', {
      ...{ tool: 'yosys', stage: `prove ${property.spec}`, log },
    });
  }
  if (log.includes(': SUCCESS!')) return { status: 'proved', seconds: seconds(), clauses };
  const failure = /model found(?: for base case)?: FAIL!/.exec(log);
  // An invariant that does not follow from itself: the last state that shows it, which no run need reach.
  const isInductive = !log.includes('Reached maximum number of time steps');
  if (failure === null && isInductive) {
    throw new EdaError('the solver gave no verdict', {
      ...{ tool: 'yosys', stage: `prove ${property.spec}`, log },
    });
  }
  const from = failure?.index ?? log.lastIndexOf('Induction step failed');
  const signed = signedNames(files[`${property.spec}_spec.v`]);
  return {
    ...{ status: 'failed', seconds: seconds(), clauses },
    counterexample: parseCounterexample(log.slice(from), signed),
    ...(failure === null
      ? { reason: `does not follow from itself within ${property.steps} cycles` }
      : {}),
  };
}
