/** `verify --random`: random designs, each emitted, run as RTL, and compared with golden and simulator. */
import { plan } from '../design/plan.js';
import type { Design } from '../design/design.js';
import { emit } from '../emit/emit.js';
import { Random } from '../model/random.js';
import { cosimulate, type CosimulationResult } from './cosimulate.js';
import { randomInput, type BatchInput } from './golden-run.js';
import { randomModel, type ModelShape } from './random-model.js';

export interface RandomCase {
  readonly index: number;
  readonly shape: ModelShape;
  readonly rows: number;
  readonly columns: number;
  /** Lengths of the sequences, one batch after the other. */
  readonly lengths: readonly number[];
  readonly design: Design;
  readonly batches: readonly BatchInput[];
}

/** Case `index` of a seed: R 1..16, C 1..4, H and I 1..40, 1..2 layers, both schemes, odd sizes. */
export function randomCase(seed: number, index: number): RandomCase {
  const random = new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0);
  const size = (max: number): number => 1 + random.integer(max);
  const layers = size(2);
  const tokens = random.integer(2) === 0;
  const shape: ModelShape = {
    scheme: random.integer(2) === 0 ? 'int8' : 'ternary-level3',
    inputSize: size(40),
    hiddenSizes: Array.from({ length: layers }, () => size(40)),
    classes: size(24) + (random.integer(8) === 0 ? 300 : 1),
    ...(tokens ? { vocabSize: 1 + size(60) } : {}),
    when: random.integer(2) === 0 ? 'every-step' : 'last-step',
  };
  const rows = size(16);
  const columns = size(4);
  const lengths = Array.from({ length: size(3) }, () => size(4));
  const model = randomModel(shape, random);
  const design = plan(model, { name: `random_${seed}_${index}`.replace('-', 'm'), rows, columns });
  return {
    index,
    shape,
    rows,
    columns,
    lengths,
    design,
    batches: randomInput(design, lengths, random),
  };
}

/** "int8 7 -> 13 -> 5 classes, 3x2, tokens": enough to tell cases apart in a report. */
export function describeCase({ shape, rows, columns, lengths }: RandomCase): string {
  const input = shape.vocabSize === undefined ? 'dense' : `${shape.vocabSize} tokens`;
  return (
    `${shape.scheme} ${[shape.inputSize, ...shape.hiddenSizes, shape.classes].join(' -> ')}, ` +
    `${rows}x${columns}, ${input}, ${shape.when}, sequences ${lengths.join('+')}`
  );
}

/** Once at full speed, cycles compared, and once with random stalls on both streams. */
async function cosimulateTwice(
  { design, batches }: RandomCase,
  seed: number,
  signal?: AbortSignal,
): Promise<CosimulationResult> {
  const netlist = emit(design);
  const options = { randomizeState: seed, ...(signal ? { signal } : {}) };
  const smooth = await cosimulate(design, netlist, batches, options);
  const stalled = await cosimulate(design, netlist, batches, { ...options, stallSeed: seed + 1 });
  return {
    ...smooth,
    hiddenChecked: smooth.hiddenChecked + stalled.hiddenChecked,
    resultsChecked: smooth.resultsChecked + stalled.resultsChecked,
    bitMismatches: smooth.bitMismatches + stalled.bitMismatches,
    cycleMismatches: smooth.cycleMismatches + stalled.cycleMismatches,
    firstProblems: [
      ...smooth.firstProblems,
      ...stalled.firstProblems.map((problem) => `with stalls: ${problem}`),
    ],
  };
}

export interface RandomVerification {
  readonly seed: number;
  readonly cases: readonly { readonly description: string; readonly result: CosimulationResult }[];
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
}

export async function verifyRandom(options: {
  readonly count: number;
  readonly seed: number;
  readonly onCase?: (done: number, description: string, result: CosimulationResult) => void;
  readonly signal?: AbortSignal;
}): Promise<RandomVerification> {
  const cases: { description: string; result: CosimulationResult }[] = [];
  for (let index = 0; index < options.count; index++) {
    options.signal?.throwIfAborted();
    const candidate = randomCase(options.seed, index);
    const result = await cosimulateTwice(candidate, (options.seed ^ index) >>> 0, options.signal);
    const description = describeCase(candidate);
    cases.push({ description, result });
    options.onCase?.(index + 1, description, result);
  }
  return {
    seed: options.seed,
    cases,
    bitMismatches: cases.reduce((sum, { result }) => sum + result.bitMismatches, 0),
    cycleMismatches: cases.reduce((sum, { result }) => sum + result.cycleMismatches, 0),
  };
}
