/**
 * A design without weights: from a point of a design space to its jobs, widths and memories, in microseconds, since
 * nothing is made for each weight. What weights decide, widths above all, is given (Widths), or assumed to be what
 * any weights of these codings may need, as in designs whose weights are loaded (headroom.ts).
 */
import { MULTIPLIER_BITS, SHIFT_MIN } from '../quant/arithmetic.js';
import { codingOf, planesOf } from '../quant/coding.js';
import { GATE_NAMES } from '../quant/gates.js';
import { activationMax, oneHotCode, operandCount } from '../quant/quantized-model.js';
import { layerWeights, type Scheme, schemeProblems } from '../quant/scheme.js';
import { ARRAY_KINDS, naturalKind, numerals, type WeightAlphabet } from './array.js';
import { indexBits, signedBits } from './bits.js';
import {
  type Combiner,
  type Design,
  DesignError,
  type InputTable,
  type Job,
  type Structure,
} from './design.js';
import { largestCode } from './headroom.js';
import { planMemories } from './memory-plan.js';
import { planMultipliers } from './multipliers.js';
import {
  inputWords,
  MAX_COLUMNS,
  MAX_ROWS,
  planArray,
  planInput,
  planPipeline,
  type PlanOptions,
} from './plan.js';
import { type MatrixSizes, type ModelSizes, planJobs } from './schedule.js';
import { DEFAULT_MAX_STEPS, planSequence } from './sequence-memory.js';

/** What comes in, without what is learned of it. */
export type PointInput =
  | { readonly kind: 'dense'; readonly size: number }
  /** By way of an embedding of so many values. */
  | { readonly kind: 'tokens'; readonly vocabSize: number; readonly size: number }
  | { readonly kind: 'one-hot'; readonly vocabSize: number }
  | {
      readonly kind: 'features';
      readonly tables: readonly { name: string; readonly count: number; readonly size: number }[];
    };

/** A network's shape and how it is mapped: one point of a design space. */
export interface DesignPoint extends Omit<PlanOptions, 'name'> {
  readonly scheme: Scheme;
  readonly input: PointInput;
  /** Of the layers, from the input up. */
  readonly hiddenSizes: readonly number[];
  /** Layers that also run backward. */
  readonly bidirectional?: readonly boolean[];
  /** Of the head; 1 where it gives a value. */
  readonly classes: number;
  readonly output?: 'value';
  readonly when: Design['headWhen'];
}

/** What the weights of a design decide. */
export interface Widths {
  readonly accBits: number;
  readonly sumBits: number;
  readonly multiplierBits: number;
  readonly shiftMin: number;
  readonly shiftBits: number;
  readonly combiner: Combiner | undefined;
  readonly table: InputTable | undefined;
  /** Bits of the row parameters that differ between rows. */
  readonly rowWordBits: number;
}

export interface Outline {
  readonly structure: Structure;
  readonly rowWordBits: number;
}

/** What an array of one alphabet makes of a scheme. */
interface AlphabetFacts {
  /** [layer][gate]: sums that an output takes; further layers are as the last. */
  readonly gates: readonly (readonly number[])[];
  readonly head: readonly [number];
  /** The same sums with their digits' factors, of all gates and the head: the largest sum of each layer. */
  readonly layerFactors: readonly number[];
  readonly headFactors: number;
  readonly factors: Combiner['factors'];
  readonly factorBits: number;
  readonly factorsBy: Combiner['factorsBy'];
  readonly placeBits: number;
}

/** What a scheme says by itself, of so many layers. */
interface SchemeFacts {
  /** Whether rows have factors, so that the hardware multiplies sums. */
  readonly multiplies: boolean;
  readonly multiplierBits: number;
  /** What suits it whatever its layers' sizes; undefined where they decide. */
  readonly array: ReturnType<typeof planArray> | undefined;
  readonly alphabets: Map<number, AlphabetFacts>;
}

const known = new WeakMap<Scheme, (SchemeFacts | undefined)[]>();

function factsOf(scheme: Scheme, layers: number): SchemeFacts {
  const used = Math.min(layers, scheme.weights.length);
  let list = known.get(scheme);
  if (list === undefined) {
    const problems = schemeProblems(scheme).map((problem) => `scheme ${scheme.name}: ${problem}`);
    if (problems.length > 0) throw new DesignError(problems);
    known.set(scheme, (list = []));
  }
  return (list[used] ??= schemeFacts(scheme, used));
}

function schemeFacts(scheme: Scheme, layers: number): SchemeFacts {
  const gates = Array.from({ length: layers }, (_, l) =>
    GATE_NAMES.map((gate) => codingOf(layerWeights(scheme, l)[gate])),
  );
  const head = codingOf(scheme.head);
  const operands = operandCount(scheme);
  const count = (planes: number, isHead: boolean): number => planes * (isHead ? 1 : operands);
  const isLinear = (gate: number): boolean =>
    GATE_NAMES[gate] === 'g' ? scheme.candidate === 'int16' : scheme.gates === 'int16';
  const hasMultiplier =
    count(planesOf(head.format), true) === 1 ||
    gates.some((layer) =>
      layer.some(({ format }, g) => isLinear(g) && count(planesOf(format), false) === 1),
    );
  const ints = gates.flat().filter(({ format }) => naturalKind(format) === 'int').length;
  const sizes = gates.map(() => ({ inputSize: 1, hiddenSize: 1 }));
  return {
    multiplies:
      count(planesOf(head.format), true) > 1 ||
      gates.flat().some(({ format }) => count(planesOf(format), false) > 1),
    multiplierBits: hasMultiplier ? MULTIPLIER_BITS : 0,
    array:
      scheme.activations === 'ternary' || ints === 0 || ints === 4 * layers
        ? planArray({ scheme, layers: sizes }, {})
        : undefined,
    alphabets: new Map(),
  };
}

function alphabetFacts(scheme: Scheme, layers: number, alphabet: WeightAlphabet): AlphabetFacts {
  const facts = factsOf(scheme, layers);
  const key = 16 * ARRAY_KINDS.indexOf(alphabet.kind) + alphabet.weightBits;
  const found = facts.alphabets.get(key);
  if (found) return found;
  const { multiplies } = facts;
  const operands = operandCount(scheme);
  const used = Math.min(layers, scheme.weights.length);
  let largest = 1;
  let bySum = false;
  /** Sums of an output of this coding, and the sum of their factors where each learned one is 1. */
  const sumsOf = (name: string, isHead: boolean): { sums: number; factors: number } => {
    const { format, group } = codingOf(name);
    const digits = numerals(alphabet, format, multiplies).factors;
    const isLearned = planesOf(format) * (isHead ? 1 : operands) > 1;
    // Learned factors may be anything of their bits.
    largest = Math.max(largest, (isLearned ? 2 ** MULTIPLIER_BITS - 1 : 1) * Math.max(...digits));
    if (isLearned && group === 'row') bySum = true;
    const planes = planesOf(format);
    return {
      sums: planes * digits.length,
      factors: planes * digits.reduce((sum, digit) => sum + digit, 0),
    };
  };
  const gates = Array.from({ length: used }, (_, l) =>
    GATE_NAMES.map((gate) => sumsOf(layerWeights(scheme, l)[gate], false)),
  );
  const head = sumsOf(scheme.head, true);
  const factors = multiplies ? 'any' : largest === 1 ? 'one' : 'power';
  const plain = indexBits(multiplies ? largest + 1 : Math.log2(largest) + 1);
  const factorBits = multiplies ? Math.max(MULTIPLIER_BITS, plain) : plain;
  const weigh = ({ sums, factors: ones }: { sums: number; factors: number }): number =>
    multiplies ? sums * (2 ** factorBits - 1) : ones;
  const total = (layer: readonly { sums: number }[]): number =>
    layer.reduce((sum, { sums }) => sum + sums, 0);
  const made: AlphabetFacts = {
    gates: gates.map((layer) => layer.map(({ sums }) => sums)),
    head: [head.sums],
    layerFactors: gates.map((layer) => Math.max(...layer.map(weigh))),
    headFactors: weigh(head),
    factors,
    factorBits,
    factorsBy: bySum ? 'sum' : 'place',
    placeBits: indexBits(Math.max(head.sums, ...gates.map(total))),
  };
  facts.alphabets.set(key, made);
  return made;
}

function arrayOf(point: DesignPoint, layers: ModelSizes['layers']): Design['array'] {
  const { scheme, array, pack, dataflow } = point;
  const facts = factsOf(scheme, layers.length);
  if (array === undefined && facts.array !== undefined) {
    if (scheme.activations !== 'ternary') return facts.array;
    if (pack === undefined && dataflow !== 'sparse') return facts.array;
  }
  return planArray({ scheme, layers }, point);
}

/** The combiner that a design needs, where any weights may come. */
function anyCombiner(jobs: readonly Job[], facts: AlphabetFacts): Combiner | undefined {
  const passes = jobs.some((job) => job.passes.length > 1) ? 2 : 1;
  const { factors, factorBits, factorsBy, placeBits } = facts;
  const isPlain =
    factors === 'one' &&
    passes === 1 &&
    jobs.every(({ isTabled, sums, outputs }) => !isTabled && sums === outputs);
  return isPlain ? undefined : { factors, factorBits, factorsBy, placeBits, passes };
}

/**
 * Shifts where nothing else is known: a window of eight, as loadable designs have, from where those of a trained
 * int8 and a trained ternary network began (npm run demo); ternary activations count in units 2^7 times as large.
 */
const ASSUMED_SHIFT_BITS = 3;
function assumedShiftMin(scheme: Scheme, alphabet: WeightAlphabet): number {
  const ofInt8 = largestCode(alphabet) > 1 ? 4 : 1;
  return scheme.activations === 'ternary' ? Math.max(SHIFT_MIN, ofInt8 - 7) : ofInt8;
}

/** Widths of any weights of the point's codings (headroom.ts), every bit of the row parameters in use. */
function anyWidths(
  { scheme, input }: DesignPoint,
  inputSize: number,
  array: Design['array'],
  jobs: readonly Job[],
  multiplierBits: number,
  facts: AlphabetFacts,
): Omit<Widths, 'rowWordBits'> {
  const combiner = anyCombiner(jobs, facts);
  const most = activationMax(scheme);
  const product = largestCode(array) * most;
  const isTabled = jobs[0].isTabled;
  const isOneHot = input.kind === 'one-hot';
  const table = isTabled
    ? {
        bits: signedBits(
          (isOneHot ? 1 : inputSize * most) * largestCode(array) * facts.layerFactors[0],
        ),
        shift: isOneHot ? Math.log2(oneHotCode(scheme)) : 0,
      }
    : undefined;
  let ofArray = 0;
  let ofOutput = 0;
  for (const job of jobs) {
    const factors =
      job.kind === 'head'
        ? facts.headFactors
        : facts.layerFactors[Math.min(job.layer, facts.layerFactors.length - 1)];
    let output = 1;
    for (const { segments } of job.passes) {
      let elements = 0;
      for (const segment of segments) elements += segment.elements;
      ofArray = Math.max(ofArray, elements * product);
      output += elements * product * factors;
    }
    if (job.isTabled && table) output += 2 ** (table.bits - 1 + table.shift);
    ofOutput = Math.max(ofOutput, output);
  }
  const sumBits = signedBits(ofOutput);
  return {
    accBits: combiner === undefined ? sumBits : signedBits(ofArray),
    sumBits,
    multiplierBits,
    shiftMin: assumedShiftMin(scheme, array),
    shiftBits: ASSUMED_SHIFT_BITS,
    combiner,
    table,
  };
}

const isCount = (value: number, most: number): boolean =>
  Number.isInteger(value) && value >= 1 && value <= most;
const MOST_SIZE = 65536;

/** What is wrong with a point; `plan` says more of a design that is going to be built. */
function pointProblems(point: DesignPoint): string[] {
  const { rows, columns, hiddenSizes, bidirectional, input, classes, dataflow, streams } = point;
  const problems: string[] = [];
  const check = (where: string, value: number, most: number): void => {
    if (!isCount(value, most)) problems.push(`${where}: ${value} is not an integer in 1..${most}`);
  };
  check('rows', rows, MAX_ROWS);
  check('columns', columns, MAX_COLUMNS);
  check('classes', classes, MOST_SIZE);
  if (hiddenSizes.length === 0) problems.push('hiddenSizes: none given, need at least 1');
  for (let l = 0; l < hiddenSizes.length; l++) check(`hiddenSizes[${l}]`, hiddenSizes[l], 8192);
  if (input.kind === 'features') {
    if (input.tables.length === 0) problems.push('input.tables: none given, need at least 1');
    for (const { name, count, size } of input.tables) {
      check(`input.tables.${name}.count`, count, MOST_SIZE);
      check(`input.tables.${name}.size`, size, MOST_SIZE);
    }
  } else {
    if (input.kind !== 'dense') check('input.vocabSize', input.vocabSize, 2 ** 22);
    if (input.kind !== 'one-hot') check('input.size', input.size, MOST_SIZE);
  }
  const isSequence = bidirectional?.includes(true) === true;
  if (dataflow !== undefined && dataflow !== 'os' && dataflow !== 'sparse') {
    problems.push(`dataflow: ${JSON.stringify(dataflow)} is none of os, sparse`);
  }
  if (dataflow === 'sparse' && (columns !== 1 || isSequence || (point.pack ?? 1) !== 1)) {
    problems.push('dataflow: sparse takes 1 column, forward layers and pack 1');
  }
  if (streams !== undefined && (streams & (streams - 1)) !== 0) {
    problems.push(`streams: ${streams} is not a power of two`);
  }
  return problems;
}

function inputSizeOf(input: PointInput): number {
  if (input.kind === 'one-hot') return input.vocabSize;
  if (input.kind !== 'features') return input.size;
  return input.tables.reduce((sum, { size }) => sum + size, 0);
}

const BACKWARD = {};

/**
 * The design of a point without its weights: for a model of that shape what `plan` makes, given `widthsOf` it.
 *
 * @param widths what the weights decide; absent: what any weights may need
 * @throws {DesignError} naming every problem at once
 */
export function outline(point: DesignPoint, widths?: Widths): Outline {
  const problems = pointProblems(point);
  if (problems.length > 0) throw new DesignError(problems);
  const { scheme, rows, columns, input, hiddenSizes, bidirectional, classes } = point;
  const isSparse = point.dataflow === 'sparse';
  const sizes: { inputSize: number; hiddenSize: number; backward?: object }[] = [];
  const layers: Design['layers'][number][] = [];
  let inputSize = inputSizeOf(input);
  let isSequence = false;
  for (let l = 0; l < hiddenSizes.length; l++) {
    const hiddenSize = hiddenSizes[l];
    const isBoth = bidirectional !== undefined && bidirectional[l];
    sizes.push(isBoth ? { inputSize, hiddenSize, backward: BACKWARD } : { inputSize, hiddenSize });
    layers.push(
      isBoth ? { inputSize, hiddenSize, isBidirectional: true } : { inputSize, hiddenSize },
    );
    isSequence ||= isBoth;
    inputSize = isBoth ? 2 * hiddenSize : hiddenSize;
  }
  const array = arrayOf(point, sizes);
  const facts = alphabetFacts(scheme, sizes.length, array);
  const isTabled = input.kind === 'one-hot' || point.inputTable === true;
  const matrices: MatrixSizes[] = [];
  for (let l = 0; l < sizes.length; l++) {
    const planes = facts.gates[Math.min(l, facts.gates.length - 1)];
    const { hiddenSize, backward } = sizes[l];
    const sums = (planes[0] + planes[1] + planes[2] + planes[3]) * hiddenSize;
    const matrix = { outputs: { length: 4 * hiddenSize }, planes, sums };
    matrices.push(matrix);
    if (backward) matrices.push(matrix);
  }
  matrices.push({
    outputs: { length: classes },
    planes: facts.head,
    sums: facts.head[0] * classes,
  });
  const model = { scheme, input, layers: sizes, head: { classes } };
  const jobs = planJobs(model, matrices, rows, array.pack, isTabled, isSparse);
  const bits = factsOf(scheme, sizes.length).multiplierBits;
  const values = widths ?? anyWidths(point, sizes[0].inputSize, array, jobs, bits, facts);
  const { accBits, sumBits, multiplierBits, shiftMin, shiftBits, combiner, table } = values;
  const planned = planInput(model, array.pack, table);
  const multipliers = planMultipliers({ rows, columns, array }, point.dsp, point.dspPairs);
  const isRam = point.weights === 'ram';
  const hasStreams = point.streams !== undefined && point.streams > 1;
  const maxSteps = point.maxSteps ?? DEFAULT_MAX_STEPS;
  const words = inputWords(planned, array.pack);
  const pipeline = planPipeline({ scheme }, array, combiner, isSparse);
  const structure: { -readonly [Key in keyof Structure]: Structure[Key] } = {
    scheme,
    rows,
    columns,
    array,
    accBits,
    combiner,
    sumBits,
    multiplierBits,
    shiftMin,
    shiftBits,
    layers,
    classes,
    input: planned,
    headWhen: point.when,
    jobs,
    pipeline,
    memories: [],
  };
  if (isSparse) structure.dataflow = 'sparse';
  if (multipliers) structure.multipliers = multipliers;
  if (point.output === 'value') structure.headOutput = 'value';
  if (isRam) structure.weights = 'ram';
  if (point.control === 'axi-lite') structure.control = 'axi-lite';
  if (hasStreams) structure.streams = point.streams!;
  if (isSequence) structure.sequence = planSequence({ layers, array }, words, maxSteps);
  structure.memories = planMemories(structure);
  const rowWordBits = widths?.rowWordBits ?? rowWidth(structure.memories);
  return { structure, rowWordBits };
}

function rowWidth(memories: Structure['memories']): number {
  return memories.find(({ role }) => role === 'rows')!.width;
}
