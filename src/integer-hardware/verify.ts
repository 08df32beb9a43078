/** Random designs of every variant: emitted, run as RTL, and compared with golden model and simulator. */
import type { Kernel } from '../integer/lstm.js';
import { Random } from '../model/random.js';
import { compileInteger, cosimulateInteger, type IntegerCosimulation } from './cosimulate.js';
import { type IntegerDesign, planInteger } from './design.js';
import type { IntegerSequences } from './golden.js';
import {
  INTEGER_VARIANTS,
  type IntegerVariant,
  randomIntegerLstm,
  randomSequences,
  variantName,
} from './random.js';

export interface IntegerRandomCase {
  readonly description: string;
  readonly design: IntegerDesign;
  readonly sequences: IntegerSequences;
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];

/** Case `index` of a seed; of the variant, or of each one in turn. */
export function randomIntegerCase(
  seed: number,
  index: number,
  variant: IntegerVariant = INTEGER_VARIANTS[index % INTEGER_VARIANTS.length],
): IntegerRandomCase {
  const random = new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0);
  const size = (): number => 1 + random.integer(random.integer(3) === 0 ? 24 : 9);
  const kernel: Kernel = {
    arithmetic: pick(random, ['tflite', 'tflite', 'tflm', 'cmsis-nn']),
    activation: pick(random, ['lut256', 'lut256', 'gemmlowp']),
    rounding: pick(random, ['single', 'double']),
    activationBits: pick(random, [8, 8, 16]),
    peepholeRows: pick(random, ['cell', 'output']),
  };
  const cell = size();
  const first = randomIntegerLstm(random, variant, kernel, {
    input: size(),
    cell,
    output: 1 + random.integer(cell),
  });
  const layers = [first];
  if (random.integer(3) === 0) {
    const above = pick(random, INTEGER_VARIANTS);
    const sizes = { input: first.outputSize, cell: size(), output: size() };
    const own = { ...kernel, rounding: pick(random, ['single', 'double'] as const) };
    layers.push(randomIntegerLstm(random, above, own, sizes, first.outputZeroPoint));
  }
  const design = planInteger(layers, {
    name: `random_${seed}_${index}`.replace('-', 'm'),
    rows: 1 + random.integer(random.integer(2) === 0 ? 4 : 12),
    outputs: pick(random, ['every-step', 'last-step']),
  });
  const lengths = Array.from({ length: 1 + random.integer(3) }, () => 1 + random.integer(4));
  const sizes = [
    first.inputSize,
    ...layers.map((layer) => `${layer.cellSize}/${layer.outputSize}`),
  ];
  return {
    description:
      `case ${index} of seed ${seed}: ${variantName(variant)}, ${kernel.arithmetic}, ${kernel.rounding}, ` +
      `${kernel.activation}, ${kernel.activationBits} bits, ${sizes.join(' -> ')}, ${design.rows} rows, ${design.outputs}, ` +
      `sequences ${lengths.join('+')}`,
    design,
    sequences: randomSequences(random, first, lengths),
  };
}

export interface IntegerRandomVerification {
  readonly seed: number;
  readonly cases: readonly {
    readonly description: string;
    /**
     * At full speed, cycles compared, with the counts of a second run added: after a reset amid work, with
     * random stalls.
     */
    readonly result: IntegerCosimulation;
  }[];
  readonly statesChecked: number;
  readonly outputsChecked: number;
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
}

async function cosimulateTwice(
  { design, sequences }: IntegerRandomCase,
  seed: number,
): Promise<IntegerCosimulation> {
  const rtl = await compileInteger(design, seed);
  const smooth = await cosimulateInteger(design, sequences, { rtl });
  const resetAfter = new Random(seed).integer(2 * smooth.expectedCycles);
  const stalled = await cosimulateInteger(design, sequences, { rtl, stallSeed: seed, resetAfter });
  return {
    ...smooth,
    statesChecked: smooth.statesChecked + stalled.statesChecked,
    outputsChecked: smooth.outputsChecked + stalled.outputsChecked,
    bitMismatches: smooth.bitMismatches + stalled.bitMismatches,
    firstProblems: [
      ...smooth.firstProblems,
      ...stalled.firstProblems.map((text) => `with stalls: ${text}`),
    ],
  };
}

/** `count` cases; of one variant, or of all in turn. */
export async function verifyIntegerRandom(options: {
  readonly count: number;
  readonly seed: number;
  readonly variant?: IntegerVariant;
  readonly onCase?: (description: string, result: IntegerCosimulation) => void;
}): Promise<IntegerRandomVerification> {
  const cases: { description: string; result: IntegerCosimulation }[] = [];
  for (let index = 0; index < options.count; index++) {
    const candidate = randomIntegerCase(options.seed, index, options.variant);
    const result = await cosimulateTwice(candidate, (options.seed ^ index) >>> 0);
    cases.push({ description: candidate.description, result });
    options.onCase?.(candidate.description, result);
  }
  const sum = (
    key: 'statesChecked' | 'outputsChecked' | 'bitMismatches' | 'cycleMismatches',
  ): number => cases.reduce((total, { result }) => total + result[key], 0);
  return {
    seed: options.seed,
    cases,
    statesChecked: sum('statesChecked'),
    outputsChecked: sum('outputsChecked'),
    bitMismatches: sum('bitMismatches'),
    cycleMismatches: sum('cycleMismatches'),
  };
}
