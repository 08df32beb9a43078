/** Random designs of every variant: emitted, run as RTL, and compared with golden model and simulator. */
import type { IntegerLstm, Kernel } from '../integer/lstm.js';
import { directionsOf } from '../integer/model.js';
import { outputWidth, type SequenceLayer } from '../integer/sequence.js';
import { Random } from '../model/random.js';
import { compileInteger, cosimulateInteger, type IntegerCosimulation } from './cosimulate.js';
import { type IntegerDesign, planInteger } from './design.js';
import type { IntegerSequences } from './golden.js';
import {
  INTEGER_VARIANTS,
  type IntegerSizes,
  type IntegerVariant,
  randomHead,
  randomInput,
  randomIntegerLstm,
  randomNumbers,
  randomSequences,
  variantName,
} from './random.js';

export interface IntegerRandomCase {
  readonly description: string;
  readonly design: IntegerDesign;
  readonly sequences: IntegerSequences;
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];

/** What a random case may be fixed to. */
export interface RandomIntegerChoice {
  /** Of the first layer; each of the 16 in turn. */
  readonly variant?: IntegerVariant | undefined;
  readonly activation?: Kernel['activation'] | undefined;
  /** Both directions in every layer; else in a third of the cases. */
  readonly isBidirectional?: boolean | undefined;
}

/** Layers that fit on each other; both directions of each, or forward ones. */
function randomLayers(
  random: Random,
  variant: IntegerVariant,
  kernel: Kernel,
  isBidirectional: boolean,
): SequenceLayer[] {
  const size = (): number => 1 + random.integer(random.integer(3) === 0 ? 24 : 9);
  const layers: SequenceLayer[] = [];
  const count = random.integer(3) === 0 ? 2 + random.integer(2) : 1;
  let below: { readonly width: number; readonly zeroPoint: number } | undefined;
  for (let n = 0; n < count; n++) {
    const own = n === 0 ? variant : pick(random, INTEGER_VARIANTS);
    const rounding = n === 0 ? kernel.rounding : pick(random, ['single', 'double'] as const);
    const cell = size();
    const sizes = { input: below?.width ?? size(), cell, output: 1 + random.integer(cell) };
    const layerKernel = { ...kernel, rounding };
    const forward = randomIntegerLstm(random, own, layerKernel, sizes, below?.zeroPoint);
    // Of several layers, one may have one direction only.
    const hasBoth = isBidirectional && (n === 0 || random.integer(4) > 0);
    const layer = hasBoth
      ? { forward, backward: backwardOf(random, own, layerKernel, sizes, forward) }
      : forward;
    layers.push(layer);
    below = { width: outputWidth(layer), zeroPoint: forward.outputZeroPoint };
  }
  return layers;
}

/** The other direction: another layer with the zero points of the forward one. */
function backwardOf(
  random: Random,
  variant: IntegerVariant,
  kernel: Kernel,
  sizes: IntegerSizes,
  { inputZeroPoint, outputZeroPoint, projection }: IntegerLstm,
): IntegerLstm {
  const layer = randomIntegerLstm(random, variant, kernel, sizes, inputZeroPoint);
  const { hidden } = layer;
  const zeroPoint = projection === null ? outputZeroPoint : hidden.zeroPoint;
  return { ...layer, outputZeroPoint, hidden: { ...hidden, zeroPoint } };
}

/** Case `index` of a seed. */
export function randomIntegerCase(
  seed: number,
  index: number,
  choice: RandomIntegerChoice = {},
): IntegerRandomCase {
  const random = new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0);
  const variant = choice.variant ?? INTEGER_VARIANTS[index % INTEGER_VARIANTS.length];
  const kernel: Kernel = {
    arithmetic: pick(random, ['tflite', 'tflite', 'tflm', 'cmsis-nn']),
    activation: choice.activation ?? pick(random, ['lut256', 'lut256', 'gemmlowp']),
    rounding: pick(random, ['single', 'double']),
    activationBits: pick(random, [8, 8, 16]),
    peepholeRows: pick(random, ['cell', 'output']),
  };
  const isBidirectional = choice.isBidirectional ?? random.integer(3) === 0;
  const layers = randomLayers(random, variant, kernel, isBidirectional);
  const [{ inputSize }] = directionsOf(layers);
  const input = randomInput(random, kernel, inputSize);
  const width = outputWidth(layers[layers.length - 1]);
  const head =
    random.integer(2) === 0 ? randomHead(random, width, kernel.activationBits) : undefined;
  const lengths = Array.from({ length: 1 + random.integer(3) }, () => 1 + random.integer(4));
  const design = planInteger(layers, {
    name: `random_${seed}_${index}`.replace('-', 'm'),
    rows: 1 + random.integer(random.integer(2) === 0 ? 4 : 12),
    outputs: pick(random, ['every-step', 'last-step']),
    maxSteps: Math.max(...lengths) + random.integer(3),
    ...(input && { input }),
    ...(head && { head }),
  });
  const sizes = layers.map((layer) =>
    directionsOf([layer])
      .map(({ cellSize, outputSize }) => `${cellSize}/${outputSize}`)
      .join('+'),
  );
  const { activationBits, arithmetic, rounding, activation } = kernel;
  return {
    description:
      `case ${index} of seed ${seed}: ${variantName(variant)}${isBidirectional ? ', bidirectional' : ''}, ` +
      `${arithmetic}, ${rounding}, ${activation}, ${activationBits} bits, ${design.input?.kind ?? 'dense'} ` +
      `${[inputSize, ...sizes].join(' -> ')}${head ? ` -> ${head.classes} ${head.output}` : ''}, ` +
      `${design.rows} rows, ${design.outputs}, sequences ${lengths.join('+')}`,
    design,
    sequences: design.input
      ? randomNumbers(random, design.input, lengths)
      : randomSequences(random, directionsOf(layers)[0], lengths),
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

/** `count` cases of a seed, all of one kind if `options` say so. */
export async function verifyIntegerRandom(
  options: RandomIntegerChoice & {
    readonly count: number;
    readonly seed: number;
    readonly onCase?: (description: string, result: IntegerCosimulation) => void;
  },
): Promise<IntegerRandomVerification> {
  const cases: { description: string; result: IntegerCosimulation }[] = [];
  for (let index = 0; index < options.count; index++) {
    const candidate = randomIntegerCase(options.seed, index, options);
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
