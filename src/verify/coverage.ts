/** What a number of verified designs had in them, counted: what none had is not verified by them. */
import type { Design } from '../design/design.js';
import { tableOf } from '../design/design.js';

type Counts = Readonly<Record<string, number>>;

/** Of each aspect: name -> how many designs, or runs, had it; in the order of names. */
export interface RandomCoverage {
  readonly schemes: Counts;
  readonly dataflows: Counts;
  readonly 'array formats': Counts;
  readonly inputs: Counts;
  readonly layers: Counts;
  readonly memories: Counts;
  readonly heads: Counts;
  readonly runs: Counts;
}

/** What of memory a design has. */
function memoriesOf(design: Design): string[] {
  const { sequence, combiner, input } = design;
  return [
    `weights ${design.weights ?? 'rom'}`,
    sequence ? 'whole sequences' : 'two steps of x',
    ...(tableOf(design) ? ['table of W_x'] : input.kind === 'dense' ? [] : ['embedding']),
    ...(combiner === undefined || combiner.factors === 'one' ? [] : ['factors']),
  ];
}

export class CoverageCount {
  readonly #counts: Record<keyof RandomCoverage, Map<string, number>> = {
    schemes: new Map(),
    dataflows: new Map(),
    'array formats': new Map(),
    inputs: new Map(),
    layers: new Map(),
    memories: new Map(),
    heads: new Map(),
    runs: new Map(),
  };

  add(design: Design, runs: readonly string[]): void {
    const { scheme, array, input, layers, headOutput, headWhen } = design;
    this.#count('schemes', scheme.name);
    this.#count('dataflows', design.dataflow ?? 'os');
    this.#count('array formats', `${array.kind}${array.pack > 1 ? ` by ${array.pack}` : ''}`);
    this.#count('inputs', input.kind);
    const turns = layers.some(({ isBidirectional }) => isBidirectional) ? ', both directions' : '';
    this.#count('layers', `${layers.length}${turns}`);
    for (const memory of memoriesOf(design)) this.#count('memories', memory);
    this.#count('heads', `${headOutput ?? 'class'} at ${headWhen.replace('-', ' ')}`);
    for (const run of runs) this.#count('runs', run.replace(/ \d+$/, ''));
  }

  #count(aspect: keyof RandomCoverage, name: string): void {
    const counts = this.#counts[aspect];
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  result(): RandomCoverage {
    const sorted = Object.entries(this.#counts).map(([aspect, counts]) => [
      aspect,
      Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    ]);
    return Object.fromEntries(sorted) as RandomCoverage;
  }
}
