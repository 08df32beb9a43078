/** `verify --random`: random designs, each emitted, run as RTL, and compared with golden and simulator. */
import { ARRAY_KINDS, type ArrayKind } from '../design/array.js';
import { PACKS, plan, type PlanOptions } from '../design/plan.js';
import type { Design } from '../design/design.js';
import { emit } from '../emit/emit.js';
import { Random } from '../model/random.js';
import { CODINGS, codingOf, planesOf } from '../quant/coding.js';
import { TANH_FORMS } from '../quant/tanh.js';
import {
  schemeCodings,
  schemeProblems,
  SCHEMES,
  type LayerWeights,
  type Scheme,
} from '../quant/scheme.js';
import { cosimulateAll, type CampaignResult } from './campaign.js';
import { compileDesign, expectationOf, type CosimulationResult } from './cosimulate.js';
import { CoverageCount, type RandomCoverage } from './coverage.js';
import { randomInput, type BatchInput } from './golden-run.js';
import { randomModel, schemeOf, type ModelShape } from './random-model.js';
import { stationaryCase } from './random-stationary.js';
import { cosimulateStreams, systemCase } from './random-system.js';
import { streamedCase } from './random-weights.js';

export interface RandomCase {
  readonly index: number;
  readonly shape: ModelShape;
  readonly options: PlanOptions;
  /** Lengths of the sequences, one batch after the other. */
  readonly lengths: readonly number[];
  readonly design: Design;
  readonly batches: readonly BatchInput[];
}

/** Any mixture of codings and formats that makes sense, gates of one layer alike or each its own. */
export function randomScheme(random: Random): Scheme {
  const names = [...CODINGS.keys()];
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];
  const layer = (): LayerWeights => {
    const [i, f, g, o] = [pick(names), pick(names), pick(names), pick(names)];
    return random.integer(3) === 0 ? { i, f, g, o } : { i, f: i, g: i, o: i };
  };
  for (;;) {
    const bits = 4 + random.integer(13);
    const scheme: Scheme = {
      name: 'mixture',
      weights: Array.from({ length: 1 + random.integer(2) }, layer),
      head: pick(names),
      normalization: 'none',
      operandScales: pick(['shared', 'separate']),
      activations: pick(['int8', 'int8', 'ternary']),
      gates: pick(['int16', 'level3', 'binary']),
      candidate: pick(['int16', 'ternary']),
      cell:
        random.integer(2) === 0
          ? { bits: 16, fraction: 12 }
          : { bits, fraction: random.integer(13) },
      slope: pick([1, 1, 2, 0.5 + 4 * random.uniform()]),
      decisions: 'half',
    };
    if (schemeProblems(scheme).length === 0) return scheme;
  }
}

/** Array, pack and input table: mostly what the planner chooses. */
function randomOptions(
  random: Random,
  { activations }: Scheme,
  isToken: boolean,
): Pick<PlanOptions, 'array' | 'pack' | 'inputTable'> {
  const isTernary = activations === 'ternary';
  const kinds: readonly ArrayKind[] = isTernary ? ['binary', 'ternary'] : ARRAY_KINDS;
  return {
    ...(random.integer(4) === 0 ? { array: kinds[random.integer(kinds.length)] } : {}),
    ...(isTernary && random.integer(2) === 0 ? { pack: PACKS[random.integer(PACKS.length)] } : {}),
    ...(isToken && random.integer(3) === 0 ? { inputTable: true } : {}),
  };
}

/**
 * Elements that may have a DSP block: of half the cases all, as the planner chooses, of the others none or some.
 * Drawn apart, so that all else of a case is what it was before there was a choice.
 */
function randomDsp(
  seed: number,
  index: number,
  elements: number,
): Pick<PlanOptions, 'dsp' | 'dspPairs'> {
  const random = new Random((Math.imul(seed, 0xc2b2ae35) ^ Math.imul(index + 1, 0x27d4eb2f)) >>> 0);
  const draw = random.integer(4);
  // Two to a block: of every third case, whatever the number of blocks.
  const pairs = random.integer(3) === 0 ? { dspPairs: true } : {};
  if (draw < 2) return pairs;
  return { ...pairs, dsp: draw === 2 ? 0 : random.integer(elements) };
}

/** Every third scheme of a mixture that can has a tanh of another form; drawn apart as well. */
function randomTanh(scheme: Scheme, seed: number, index: number): Scheme {
  const random = new Random((Math.imul(seed + 7, 0xc2b2ae35) ^ Math.imul(index, 0x27d4eb2f)) >>> 0);
  const tanh = TANH_FORMS[random.integer(2 * TANH_FORMS.length)];
  if (tanh === undefined || tanh === 'table') return scheme;
  const formed = { ...scheme, tanh };
  return schemeProblems(formed).length === 0 ? formed : scheme;
}

/** Units and inputs that keep designs of many planes as quick to simulate as those of one. */
function mostUnits(scheme: Scheme): number {
  const planes = Math.max(...schemeCodings(scheme).map((name) => planesOf(codingOf(name).format)));
  const isMixed = scheme.activations === 'ternary' || schemeCodings(scheme).length > 2;
  return Math.round(40 / Math.sqrt(isMixed ? 4 * planes : planes));
}

/** Of half the shapes: layers that also run backward, features instead of dense input, a value for a class. */
function randomStructure(random: Random, shape: ModelShape, most: number): ModelShape {
  const isBidirectional = random.integer(2) === 0;
  const hasFeatures = shape.vocabSize === undefined && random.integer(2) === 0;
  const hasValue = random.integer(4) === 0;
  const features = Array.from({ length: 1 + random.integer(3) }, () => ({
    count: 1 + random.integer(20),
    size: 1 + random.integer(Math.ceil(most / 2)),
  }));
  // Directions take the place of layers, so that designs stay as quick to simulate.
  const halved = shape.hiddenSizes.map((units) => Math.ceil(units / 2));
  const turns = shape.hiddenSizes.map(() => random.integer(4) > 0);
  return {
    ...shape,
    ...(isBidirectional && turns.includes(true)
      ? { bidirectional: turns, hiddenSizes: halved }
      : {}),
    ...(hasFeatures
      ? { features, inputSize: features.reduce((sum, { size }) => sum + size, 0) }
      : {}),
    ...(hasValue ? { output: 'value' as const, classes: 1 } : {}),
  };
}

/** Every third design that can skips zeros; drawn apart, so that all else is as it would be. */
function randomDataflow(options: PlanOptions, seed: number, index: number): PlanOptions {
  const random = new Random((Math.imul(seed + 1, 0xc2b2ae35) ^ Math.imul(index, 0x27d4eb2f)) >>> 0);
  if (random.integer(3) > 0) return options;
  const { pack: _, ...others } = options;
  return { ...others, columns: 1, dataflow: 'sparse' };
}

function drawScheme(random: Random): string | Scheme {
  const named = Object.keys(SCHEMES);
  return random.integer(2) === 0 ? named[random.integer(named.length)] : randomScheme(random);
}

/**
 * Case `index` of a seed: R 1..16, C 1..4, H and I 1..40, 1..2 layers, odd sizes, and every kind of input,
 * layer and head; of the named scheme, or of one drawn from all of them and from mixtures.
 */
export function randomCase(seed: number, index: number, given?: string | Scheme): RandomCase {
  const random = new Random((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0);
  const size = (max: number): number => 1 + random.integer(max);
  const named = Object.keys(SCHEMES);
  const drawn =
    random.integer(2) === 0
      ? named[random.integer(named.length)]
      : randomTanh(randomScheme(random), seed, index);
  const scheme = schemeOf({ scheme: given ?? drawn });
  const most = mostUnits(scheme);
  const layers = size(2);
  const input = random.integer(4);
  const vocabSize = 1 + size(60);
  const isOneHot = input === 0;
  const isToken = input <= 1;
  const drawnShape: ModelShape = {
    scheme,
    inputSize: isOneHot ? vocabSize : size(most),
    hiddenSizes: Array.from({ length: layers }, () => size(most)),
    classes: size(24) + (random.integer(8) === 0 && most === 40 ? 300 : 1),
    ...(isToken ? { vocabSize, isOneHot } : {}),
    when: random.integer(2) === 0 ? 'every-step' : 'last-step',
  };
  const drawnOptions: PlanOptions = {
    name: `random_${seed}_${index}`.replace('-', 'm'),
    rows: size(16),
    columns: size(4),
    ...randomOptions(random, scheme, isToken && !isOneHot),
  };
  const lengths = Array.from({ length: size(3) }, () => size(4));
  const shape = randomStructure(random, drawnShape, most);
  const longest = Math.max(...lengths);
  const options = {
    ...(shape.bidirectional === undefined
      ? randomDataflow(drawnOptions, seed, index)
      : { ...drawnOptions, maxSteps: longest + random.integer(3) }),
    ...randomDsp(seed, index, drawnOptions.rows * drawnOptions.columns),
  };
  const held = stationaryCase(
    ...([seed, index, options.name] as const),
    (draw) => schemeOf({ scheme: given ?? drawScheme(draw) }),
    mostUnits,
  );
  const made = held ?? { shape, options, design: plan(randomModel(shape, random), options) };
  return { index, ...made, lengths, batches: randomInput(made.design, lengths, random) };
}

/** The first `count` cases of a seed, one after the other, until aborted. */
export function* randomCases(
  seed: number,
  count: number,
  scheme: string | Scheme | undefined,
  signal: AbortSignal | undefined,
): Generator<RandomCase> {
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    yield randomCase(seed, index, scheme);
  }
}

function describeInput(shape: ModelShape, input: Design['input']): string {
  if (input.kind === 'dense') return 'dense';
  if (input.kind === 'features') {
    const sizes = shape.features!.map(({ count, size }) => `${count} by ${size}`);
    return `features of ${sizes.join(', ')}`;
  }
  const way = input.table ? (shape.isOneHot === true ? ' one-hot' : ' tabled') : '';
  return `${input.vocabSize} tokens${way}`;
}

/** "int8 7 -> 13 -> 5 classes, 3x2, tokens": enough to tell cases apart in a report. */
export function describeCase({ shape, design, lengths }: RandomCase): string {
  const { array, rows, columns, scheme, input, combiner, multipliers } = design;
  const hidden = shape.hiddenSizes.map((size, layer) =>
    shape.bidirectional?.[layer] === true ? `2 x ${size}` : size,
  );
  const source = describeInput(shape, input);
  const { gates, candidate, activations, cell, slope, tanh, operandScales, weights, head } = scheme;
  const mixture =
    scheme.name === 'mixture'
      ? ` (${weights.map(({ i, f, g, o }) => (i === g ? i : [i, f, g, o].join(' '))).join(' | ')}, head ${head}, ` +
        `${operandScales}, ${activations}, gates ${gates}, candidate ${candidate}, cell ${cell.bits}.${cell.fraction}, ` +
        `slope ${slope.toPrecision(3)}${tanh === undefined ? '' : `, tanh ${tanh}`})`
      : '';
  return (
    `${scheme.name}${mixture} ${[shape.inputSize, ...hidden, shape.output ?? shape.classes].join(' -> ')}, ` +
    `${rows}x${columns} ${design.dataflow === undefined ? '' : `${design.dataflow} `}` +
    `${design.stationary ? `by ${design.stationary.sequences} ` : ''}${array.kind}${array.pack > 1 ? ` by ${array.pack}` : ''}` +
    `${multipliers ? `, ${multipliers.dsp} ${multipliers.isPaired ? 'blocks for two' : 'of them by DSP'}` : ''}` +
    `${combiner ? `, factors ${combiner.factors} by ${combiner.factorsBy}` : ''}, ` +
    `${source}, ${shape.when}, sequences ${lengths.join('+')}` +
    (design.sequence ? ` of at most ${design.sequence.maxSteps}` : '') +
    (design.weights === 'ram' ? ', loaded' : '') +
    (design.weightStream
      ? `, weights by ${design.weightStream.bits} bits, two halves of ${design.weightStream.halfLines} x ${design.weightStream.perLine}`
      : '') +
    (design.streams === undefined ? '' : `, ${design.streams} streams`)
  );
}

/** Every run of the campaign (campaign.ts). */
async function cosimulateCase(
  { design, batches }: RandomCase,
  seed: number,
  signal?: AbortSignal,
): Promise<CampaignResult> {
  const netlist = emit(design);
  return cosimulateAll(design, netlist, batches, {
    compiled: await compileDesign(design, netlist, { randomizeState: seed }),
    expectation: expectationOf(design, batches),
    seed: seed + 1,
    ...(signal ? { signal } : {}),
  });
}

export interface RandomVerification {
  readonly seed: number;
  readonly cases: readonly { readonly description: string; readonly result: CosimulationResult }[];
  readonly bitMismatches: number;
  readonly cycleMismatches: number;
  /** How many of the designs had what, and how often each kind of run was made. */
  readonly coverage: RandomCoverage;
}

/** @throws {RangeError} for a scheme that is none. */
export async function verifyRandom(options: {
  readonly count: number;
  readonly seed: number;
  /** Of this scheme alone; else of all, and of mixtures. */
  readonly scheme?: string | Scheme;
  readonly onCase?: (done: number, description: string, result: CosimulationResult) => void;
  readonly signal?: AbortSignal;
}): Promise<RandomVerification> {
  const cases: { description: string; result: CosimulationResult }[] = [];
  const coverage = new CoverageCount();
  const { seed, count, scheme, signal } = options;
  for (const drawn of randomCases(seed, count, scheme, signal)) {
    const { index } = drawn;
    const candidate = streamedCase(systemCase(drawn, seed), seed);
    const run = candidate.design.streams === undefined ? cosimulateCase : cosimulateStreams;
    const result = await run(candidate, (seed ^ index) >>> 0, signal);
    const description = describeCase(candidate);
    cases.push({ description, result });
    coverage.add(candidate.design, result.runs);
    options.onCase?.(index + 1, description, result);
  }
  return {
    seed,
    cases,
    coverage: coverage.result(),
    bitMismatches: cases.reduce((sum, { result }) => sum + result.bitMismatches, 0),
    cycleMismatches: cases.reduce((sum, { result }) => sum + result.cycleMismatches, 0),
  };
}
