/** QuantizedModel -> Design: array, planes, folds, schedule, widths, memories; everything is checked here. */
import { MULTIPLIER_BITS, SHIFT_MAX, SHIFT_MIN } from '../quant/arithmetic.js';
import { codingOf, type WeightFormat } from '../quant/coding.js';
import {
  activationMax,
  operandCount,
  outputSize,
  type FeatureInput,
  type QuantizedLayer,
  type QuantizedModel,
} from '../quant/quantized-model.js';
import { schemeCodings, schemeProblems, type Scheme } from '../quant/scheme.js';
import {
  ARRAY_KINDS,
  alphabetOf,
  suitableArray,
  type ArrayFormat,
  type ArrayKind,
  type WeightAlphabet,
} from './array.js';
import { indexBits, signedBits } from './bits.js';
import {
  DATAFLOWS,
  DesignError,
  CONTROLS,
  WEIGHT_STORES,
  type Combiner,
  type Control,
  type Dataflow,
  type Design,
  type FeatureTable,
  type InputTable,
  type Job,
  type Pipeline,
  type WeightStore,
} from './design.js';
import { anyFactorBits, anySums, anyTable, shiftWindow } from './headroom.js';
import { identifierProblem } from './identifier.js';
import { planMemories } from './memory-plan.js';
import { planMultipliers } from './multipliers.js';
import { arrayMatrix, effectiveCodes, inputTable, type ArrayMatrix } from './planes.js';
import { jobMatrices, planJobs, type ModelSizes } from './schedule.js';
import {
  DEFAULT_MAX_STEPS,
  isBidirectional,
  MOST_MAX_STEPS,
  planSequence,
} from './sequence-memory.js';
import { DECISION_BITS } from './squash.js';
import {
  MAX_SEQUENCES,
  planStationary,
  planStationaryJobs,
  planStationaryMemories,
  stationaryProblems,
  tileCyclesOf,
} from './stationary.js';
import {
  MAX_BUFFER_OPERANDS,
  MAX_STREAM_BITS,
  MIN_STREAM_BITS,
  planWeightStream,
} from './weight-stream.js';

export const MAX_ROWS = 64;
export const MAX_COLUMNS = 64;
export const MAX_STREAMS = 64;
/** Ternary activations in one operand word. */
export const PACKS = [1, 2, 4, 8, 16, 32] as const;
const DEFAULT_PACK = 8;
/** Words of an input table beyond which it is no longer sensible to emit one. */
const MAX_TABLE_WORDS = 2 ** 22;

export interface PlanOptions {
  /** Top module name. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /**
   * What the array multiplies by, wide enough for all codings of that kind; the default is what suits the
   * scheme (suitableArray).
   */
  readonly array?: ArrayKind;
  /** Ternary activations, and weights, in one operand word: 1, 2, 4, .. 32; the default is 8, sparse 1. */
  readonly pack?: (typeof PACKS)[number];
  /** How operands reach the array; the default is output-stationary. */
  readonly dataflow?: Dataflow;
  /** Dataflow ws: sequences in lockstep that stream past each tile of weights; the default is 1. */
  readonly lockstep?: number;
  /**
   * Hold, for every token, its share of every sum of layer 0 in a table, instead of an embedding that the
   * array multiplies. One-hot inputs always do. For small vocabularies.
   */
  readonly inputTable?: boolean;
  /**
   * How many elements of an int array may have a DSP block for their product: the first so many, column by
   * column; the others recode their weight and add. The default is all of them. Other arrays have no use for any.
   */
  readonly dsp?: number;
  /**
   * Two int8 products in a DSP block where the part's blocks hold two multipliers (iCE40 UP5K), their sums in LUTs: `dsp`
   * blocks then serve twice as many elements.
   */
  readonly dspPairs?: boolean;
  /** Bidirectional models: steps of the longest sequence that memories hold; the default is 64. */
  readonly maxSteps?: number;
  /**
   * Where what is learned is kept: `rom`, in the configuration (the default); `ram`, in memories that are loaded
   * through AXI4-Lite, all widths then being those of any weights of these codings (headroom.ts); `stream`, weights
   * off chip, from where they come for every step (weight-stream.ts), and all else in the configuration.
   */
  readonly weights?: WeightStore;
  /** Bits of a beat of streamed weights: a multiple of 8 in 8..512; the default is 32. */
  readonly weightStreamBits?: number;
  /** Operands whose weights either half of the buffer holds at least; the default is those of the longest pass. */
  readonly weightBuffer?: number;
  /** Registers for a processor; the default is none. */
  readonly control?: Control;
  /**
   * Streams of steps that share the core, told apart by tid, each with its own h and c: 1 (the default), or a power
   * of two up to 64. Not for input tables, nor for bidirectional models, which keep no state.
   */
  readonly streams?: number;
}

/** Problems of the options, each with what would be allowed. */
function optionProblems(model: QuantizedModel, options: PlanOptions): string[] {
  const { name, rows, columns, array, pack, dsp } = options;
  const { scheme, input } = model;
  const problems: string[] = [];
  const identifier = identifierProblem(name);
  if (identifier !== undefined) problems.push(identifier);
  if (!Number.isInteger(rows) || rows < 1 || rows > MAX_ROWS) {
    problems.push(`rows: ${rows} is not an integer in 1..${MAX_ROWS}`);
  }
  if (!Number.isInteger(columns) || columns < 1 || columns > MAX_COLUMNS) {
    problems.push(`columns: ${columns} is not an integer in 1..${MAX_COLUMNS}`);
  }
  if (dsp !== undefined && (!Number.isInteger(dsp) || dsp < 0 || dsp > MAX_ROWS * MAX_COLUMNS)) {
    problems.push(`dsp: ${dsp} is not an integer in 0..${MAX_ROWS * MAX_COLUMNS}`);
  }
  problems.push(...schemeProblems(scheme).map((problem) => `scheme ${scheme.name}: ${problem}`));
  if (array !== undefined && !ARRAY_KINDS.includes(array)) {
    problems.push(`array: ${JSON.stringify(array)} is none of ${ARRAY_KINDS.join(', ')}`);
  }
  const isTernary = scheme.activations === 'ternary';
  if (isTernary && (array === 'pow2' || array === 'int')) {
    problems.push(
      `array: ${array} elements multiply int8 activations, ${scheme.name} has ternary ones; use ternary or binary`,
    );
  }
  if (pack !== undefined && !(PACKS as readonly number[]).includes(pack)) {
    problems.push(`pack: ${pack} is none of ${PACKS.join(', ')}`);
  } else if (pack !== undefined && pack !== 1 && !isTernary) {
    problems.push(
      `pack: ${pack} activations in a word, but only ternary ones can be packed; use 1`,
    );
  }
  const tokens = input.kind === 'tokens' || input.kind === 'one-hot' ? input.vocabSize : 0;
  const words = tokens * 4 * outputSize(model.layers[0]);
  const wantsTable = options.inputTable === true || input.kind === 'one-hot';
  if (options.inputTable === true && tokens === 0) {
    const what = input.kind === 'features' ? 'several features of a token' : input.kind;
    problems.push(`inputTable: the model takes ${what}, not tokens; leave it out`);
  } else if (wantsTable && words > MAX_TABLE_WORDS) {
    const [what, instead] =
      input.kind === 'one-hot'
        ? ['vocabulary', 'a smaller vocabulary or an embedding']
        : ['inputTable', 'the embedding'];
    problems.push(
      `${what}: a table of ${words} words, for every token's share of every gate, exceeds ${MAX_TABLE_WORDS}; use ${instead}`,
    );
  }
  return [
    ...problems,
    ...(options.dataflow === 'ws'
      ? stationaryOptionProblems(model, options)
      : dataflowProblems(model, options)),
    ...controlProblems(options),
    ...weightStreamProblems(model, options),
    ...streamProblems(model, options, wantsTable),
    ...sequenceProblems(model, options),
    ...modelProblems(model),
  ];
}

function dataflowProblems(
  model: QuantizedModel,
  { dataflow, columns, pack, lockstep }: PlanOptions,
): string[] {
  const problems: string[] = [];
  if (lockstep !== undefined) {
    problems.push(`lockstep: ${lockstep} sequences, but only dataflow ws has any; use columns`);
  }
  if (dataflow === undefined || dataflow === 'os') return problems;
  if (!DATAFLOWS.includes(dataflow)) {
    problems.push(`dataflow: ${JSON.stringify(dataflow)} is none of ${DATAFLOWS.join(', ')}`);
  }
  if (columns !== 1) {
    problems.push(
      `columns: ${columns}, but sequences side by side have their zeros in different places; sparse takes 1`,
    );
  }
  if (pack !== undefined && pack !== 1) {
    problems.push(`pack: ${pack} activations in a word are not skipped one by one; sparse takes 1`);
  }
  if (isBidirectional(model)) {
    problems.push(
      'dataflow: bidirectional models keep h of whole sequences; sparse takes none, use os',
    );
  }
  return problems;
}

/** What the weight-stationary dataflow does not take. */
function stationaryOptionProblems(
  model: QuantizedModel,
  { lockstep = 1, array, pack, inputTable, weights, control, dsp, dspPairs }: PlanOptions,
): string[] {
  const problems: string[] = [];
  const { input } = model;
  if (!Number.isInteger(lockstep) || lockstep < 1 || lockstep > MAX_SEQUENCES) {
    problems.push(`lockstep: ${lockstep} is not an integer in 1..${MAX_SEQUENCES}`);
  }
  if (array === 'binary' || array === 'pow2') {
    problems.push(`array: ${array} elements have no stationary form; ws takes ternary or int`);
  }
  if (pack !== undefined && pack !== 1) {
    problems.push(`pack: ${pack} activations in a word would need as many rows; ws takes 1`);
  }
  if (dsp !== undefined) {
    problems.push(
      `dsp: ${dsp}, but stationary elements multiply alike; ws takes none, leave it out`,
    );
  }
  if (dspPairs === true) {
    problems.push(
      'dspPairs: two elements to a block share their activation; ws takes none, leave it out',
    );
  }
  if (operandCount(model.scheme) > 1) {
    problems.push(
      `scheme ${model.scheme.name}: x and h have scales of their own, so their sums would drain apart; ws takes shared ones, use os`,
    );
  }
  if (isBidirectional(model)) {
    problems.push(
      'dataflow: bidirectional models keep h of whole sequences; ws takes none, use os',
    );
  }
  if (input.kind === 'one-hot' || inputTable === true) {
    problems.push(
      'inputTable: sums of x by token are added where one sequence drains; ws takes an embedding or dense input, use os',
    );
  }
  if (input.kind === 'features') {
    problems.push('input: several features of a token; ws takes one token or dense input, use os');
  }
  if ((weights !== undefined && weights !== 'rom') || control === 'axi-lite') {
    problems.push(
      'weights: they are loaded, or streamed, row by row, and ws reads them tile by tile; ws takes weights rom and control none, use os',
    );
  }
  return problems;
}

function streamProblems(
  model: QuantizedModel,
  { streams = 1, dataflow }: PlanOptions,
  isTabled: boolean,
): string[] {
  if (streams === 1) return [];
  if (!Number.isInteger(Math.log2(streams)) || streams < 1 || streams > MAX_STREAMS) {
    return [`streams: ${streams} is not a power of two in 1..${MAX_STREAMS}`];
  }
  if (isBidirectional(model)) {
    return [
      `streams: ${streams}, but a bidirectional model keeps no state from sequence to sequence; leave it out`,
    ];
  }
  if (dataflow === 'ws') {
    return [`streams: ${streams}, but a ws dataflow runs its sequences in lockstep; use lockstep`];
  }
  if (dataflow === 'sparse') {
    return [`streams: ${streams}, but a sparse dataflow keeps the lists of one; use os`];
  }
  return isTabled
    ? [`streams: ${streams}, but an input table serves one; use an embedding without input table`]
    : [];
}

function controlProblems({ weights = 'rom', control = 'none' }: PlanOptions): string[] {
  const problems: string[] = [];
  if (!WEIGHT_STORES.includes(weights)) {
    problems.push(`weights: ${JSON.stringify(weights)} is none of ${WEIGHT_STORES.join(', ')}`);
  }
  if (!CONTROLS.includes(control)) {
    problems.push(`control: ${JSON.stringify(control)} is none of ${CONTROLS.join(', ')}`);
  } else if (weights === 'ram' && control === 'none') {
    problems.push('weights: ram is loaded through registers, but control is none; use axi-lite');
  }
  return problems;
}

function weightStreamProblems(
  model: QuantizedModel,
  { weights, weightStreamBits: bits, weightBuffer: operands, dataflow = 'os' }: PlanOptions,
): string[] {
  if (weights !== 'stream') {
    return Object.entries({ weightStreamBits: bits, weightBuffer: operands }).flatMap(
      ([name, value]) =>
        value === undefined
          ? []
          : [
              `${name}: ${value}, but weights are not streamed; use weights stream, or leave it out`,
            ],
    );
  }
  const problems: string[] = [];
  const isWidth =
    bits === undefined || (bits % 8 === 0 && bits >= MIN_STREAM_BITS && bits <= MAX_STREAM_BITS);
  if (!isWidth) {
    problems.push(
      `weightStreamBits: ${bits} is not a multiple of 8 in ${MIN_STREAM_BITS}..${MAX_STREAM_BITS}`,
    );
  }
  const isBuffer =
    operands === undefined ||
    (Number.isInteger(operands) && operands >= 1 && operands <= MAX_BUFFER_OPERANDS);
  if (!isBuffer) {
    problems.push(`weightBuffer: ${operands} is not an integer in 1..${MAX_BUFFER_OPERANDS}`);
  }
  if (dataflow !== 'os') {
    problems.push(
      `weights: stream brings all weights of a step in one order, once; ${dataflow} reads them otherwise, use os`,
    );
  }
  if (isBidirectional(model)) {
    problems.push(
      'weights: stream brings each weight once a step, but a bidirectional model runs each layer over a whole sequence; use rom or ram',
    );
  }
  return problems;
}

function sequenceProblems(model: QuantizedModel, { maxSteps }: PlanOptions): string[] {
  if (maxSteps === undefined) return [];
  if (!isBidirectional(model)) {
    return [
      `maxSteps: ${maxSteps}, but the model runs forward alone and takes sequences of any length; leave it out`,
    ];
  }
  return Number.isInteger(maxSteps) && maxSteps >= 1 && maxSteps <= MOST_MAX_STEPS
    ? []
    : [`maxSteps: ${maxSteps} is not an integer in 1..${MOST_MAX_STEPS}`];
}

/** What a model's numbers may be that the hardware's are not. */
function modelProblems({ scheme, input, layers, head }: QuantizedModel): string[] {
  const problems: string[] = [];
  if (input.kind === 'features') {
    const size = input.tables.reduce((sum, table) => sum + table.size, 0);
    if (input.tables.length === 0) problems.push('input: no features; use at least one');
    else if (size !== layers[0].inputSize) {
      problems.push(
        `input: features of ${size} values, but layers[0] takes ${layers[0].inputSize}`,
      );
    }
  }
  const most = 2 ** DECISION_BITS - 1;
  const check = ({ hiddenDecision }: QuantizedLayer, where: string): void => {
    if (scheme.activations === 'ternary' && (hiddenDecision < 1 || hiddenDecision > most)) {
      problems.push(`${where}.hiddenDecision: ${hiddenDecision} is not in 1..${most}`);
    }
  };
  layers.forEach((layer, l) => {
    check(layer, `layers[${l}]`);
    const below = l > 0 ? outputSize(layers[l - 1]) : layer.inputSize;
    if (layer.inputSize !== below) {
      problems.push(
        `layers[${l}].inputSize: ${layer.inputSize}, but the layer below has ${below} outputs`,
      );
    }
    if (layer.backward) check(layer.backward, `layers[${l}].backward`);
  });
  if (head.output === 'value' && head.classes !== 1) {
    problems.push(`head: a value has one row, not ${head.classes}; use a head of classes`);
  }
  return problems;
}

/** @throws {DesignError} naming every problem at once. */
export function plan(model: QuantizedModel, options: PlanOptions): Design {
  const problems = optionProblems(model, options);
  if (problems.length > 0) throw new DesignError(problems);
  const { name, rows, columns } = options;
  const { scheme } = model;
  const array = planArray(model, options);
  const multipliers = planMultipliers({ rows, columns, array }, options.dsp, options.dspPairs);
  const isTabled = model.input.kind === 'one-hot' || options.inputTable === true;
  const matrices = jobMatrices(model).map((matrix) => arrayMatrix(model, matrix, array));
  const isSparse = options.dataflow === 'sparse';
  const sequences = options.lockstep ?? 1;
  const tiling = { rows, columns, sequences, tileCycles: tileCyclesOf(rows, sequences) };
  const isStationary = options.dataflow === 'ws';
  const jobs = isStationary
    ? planStationaryJobs(model, matrices, tiling)
    : planJobs(model, matrices, rows, array.pack, isTabled, isSparse);
  const stationary = isStationary ? planStationary(model, matrices, jobs, tiling) : undefined;
  const tabled = matrices.filter((_, j) => jobs[j].isTabled);
  const isLoaded = options.weights === 'ram';
  const planned = planCombiner(jobs, matrices, isTabled);
  if (stationary) {
    problems.push(...stationaryProblems(stationary, jobs, { array, combiner: planned }));
  }
  const combiner =
    isLoaded && planned ? { ...planned, factorBits: anyFactorBits(planned) } : planned;
  const shape = { model, array, jobs, matrices, combiner };
  const table = !isTabled ? undefined : isLoaded ? anyTable(shape) : planTable(model, tabled);
  const bounds = sumBounds(model, jobs, matrices, table);
  if (isLoaded) {
    const any = anySums(shape, table);
    bounds.array = Math.max(bounds.array, any.array);
    bounds.output = Math.max(bounds.output, any.output);
  }
  const sumBits = signedBits(bounds.output);

  const linear = matrices.flatMap(({ outputs }) =>
    outputs.flatMap(({ row }) => (row.kind === 'linear' ? [row] : [])),
  );
  const shifts = linear.map(({ shift }) => shift);
  const used: readonly [number, number] = [Math.min(...shifts), Math.max(...shifts)];
  const [shiftMin, shiftMax] = isLoaded ? shiftWindow(used, scheme) : used;
  // One more: sums of digits that are signs come doubled.
  if (shiftMin < SHIFT_MIN || shiftMax > SHIFT_MAX + 1) {
    problems.push(`shift: ${shiftMin}..${shiftMax} is not in ${SHIFT_MIN}..${SHIFT_MAX}`);
  }
  if (sumBits > 32) {
    problems.push(`sums: they need ${sumBits} bits, the combiner has at most 32; use shorter rows`);
  }
  if (problems.length > 0) throw new DesignError(problems);
  const input = planInput(model, array.pack, table);
  const layers = model.layers.map(({ inputSize, hiddenSize, backward }) => ({
    inputSize,
    hiddenSize,
    ...(backward === undefined ? {} : { isBidirectional: true as const }),
  }));
  const design: Omit<Design, 'memories'> = {
    name,
    scheme,
    rows,
    columns,
    ...(isSparse ? { dataflow: 'sparse' as const } : {}),
    ...(stationary === undefined ? {} : { dataflow: 'ws' as const, stationary }),
    array,
    ...(multipliers === undefined ? {} : { multipliers }),
    accBits: combiner === undefined ? sumBits : signedBits(bounds.array),
    combiner,
    sumBits,
    multiplierBits: linear.every(({ multiplier }) => multiplier === 1) ? 0 : MULTIPLIER_BITS,
    shiftMin,
    shiftBits: shiftMax === shiftMin ? 0 : indexBits(shiftMax - shiftMin + 1),
    layers,
    ...(isBidirectional(model)
      ? {
          sequence: planSequence(
            { layers, array },
            inputWords(input, array.pack),
            options.maxSteps ?? DEFAULT_MAX_STEPS,
          ),
        }
      : {}),
    classes: model.head.classes,
    ...(model.head.output === 'value' ? { headOutput: 'value' as const } : {}),
    input,
    headWhen: model.head.when,
    ...(isLoaded ? { weights: 'ram' as const } : {}),
    ...(options.weights === 'stream'
      ? {
          weights: 'stream' as const,
          weightStream: planWeightStream(
            { rows, array, jobs },
            options.weightStreamBits,
            options.weightBuffer,
          ),
        }
      : {}),
    ...(options.control === 'axi-lite' ? { control: options.control } : {}),
    ...((options.streams ?? 1) > 1 ? { streams: options.streams } : {}),
    jobs,
    pipeline: stationary
      ? planStationaryPipeline(model, array, rows)
      : planPipeline(model, array, combiner, isSparse),
    model,
  };
  const memories = stationary
    ? planStationaryMemories({ ...design, stationary })
    : planMemories(design);
  return { ...design, memories };
}

export function planArray(
  { scheme, layers }: { scheme: Scheme; layers: ModelSizes['layers'] },
  options: Pick<PlanOptions, 'array' | 'pack' | 'dataflow'>,
): ArrayFormat {
  const formats = schemeCodings(scheme).map((coding) => codingOf(coding).format);
  const { array, pack, dataflow } = options;
  const isTernary = scheme.activations === 'ternary';
  const defaultPack = dataflow === undefined || dataflow === 'os' ? DEFAULT_PACK : 1;
  return {
    ...(array === undefined
      ? suitable(scheme, layers, formats, dataflow)
      : alphabetOf(array, formats)),
    activationBits: isTernary ? 2 : 8,
    pack: isTernary ? (pack ?? defaultPack) : 1,
  };
}

/** The array that suits: weights that stay must be able to be 0, where a tile has rows to spare, as binary ones cannot. */
function suitable(
  scheme: Scheme,
  layers: ModelSizes['layers'],
  formats: readonly WeightFormat[],
  dataflow: Dataflow | undefined,
): WeightAlphabet {
  const found = suitableArray(scheme, layers);
  if (dataflow !== 'ws' || found.kind === 'int' || found.kind === 'ternary') return found;
  return alphabetOf(found.kind === 'binary' ? 'ternary' : 'int', formats);
}

/** Latencies of hg_lane.v, hg_combine.v and the elements; the cosimulation holds them to it. */
export function planPipeline(
  { scheme }: Pick<QuantizedModel, 'scheme'>,
  array: ArrayFormat,
  combiner: Combiner | undefined,
  isSparse: boolean,
): Pipeline {
  const isLevel = scheme.gates !== 'int16';
  const combine = combiner === undefined ? 0 : 2;
  return {
    // Counting elements register what they have counted; a weight's address waits for its operand's index.
    issueToDrain: 2 + (array.activationBits === 2 ? 1 : 0) + (isSparse ? 1 : 0),
    drainToGate: combine + (isLevel && scheme.candidate === 'ternary' ? 2 : 7),
    gateToHidden: !isLevel ? 7 : scheme.activations === 'int8' ? 4 : 1,
    drainToArgmax: combine + 5,
  };
}

/** Latencies of the weight-stationary array and its lane. */
function planStationaryPipeline(model: QuantizedModel, array: ArrayFormat, rows: number): Pipeline {
  const lane = planPipeline(model, array, undefined, false);
  return {
    // A register, an operand memory, a select, the rows, the sum's memory; then the group's drain begins.
    issueToDrain: rows + 4,
    // Finished sums come out of a memory.
    drainToGate: lane.drainToGate + 1,
    gateToHidden: lane.gateToHidden,
    drainToArgmax: lane.drainToArgmax + 1,
  };
}

/** A model's input without what is learned of it. */
export type InputSizes =
  | { readonly kind: 'tokens' | 'one-hot'; readonly vocabSize: number }
  | { readonly kind: 'dense' }
  | {
      readonly kind: 'features';
      readonly tables: readonly Pick<FeatureInput['tables'][number], 'name' | 'count' | 'size'>[];
    };

export function planInput(
  model: {
    readonly input: InputSizes;
    readonly layers: ModelSizes['layers'];
  },
  pack: number,
  table: InputTable | undefined,
): Design['input'] {
  const { inputSize } = model.layers[0];
  if (model.input.kind === 'dense') return { kind: 'dense', size: inputSize };
  if (model.input.kind === 'features') return planFeatures(model.input, pack);
  const { vocabSize } = model.input;
  return {
    kind: 'tokens',
    vocabSize,
    tokenBits: indexBits(vocabSize),
    strideBits: indexBits(table ? 4 * outputSize(model.layers[0]) : Math.ceil(inputSize / pack)),
    table,
  };
}

/** Tables one behind the other, those of the widest rows first, so that every row begins at a multiple of its width. */
function planFeatures(
  input: Extract<InputSizes, { kind: 'features' }>,
  pack: number,
): Design['input'] {
  const tables: FeatureTable[] = [];
  let words = 0;
  input.tables
    .map(({ name, count, size }, feature) => {
      return { feature, name, count, strideBits: indexBits(Math.ceil(size / pack)) };
    })
    .sort((a, b) => b.strideBits - a.strideBits || a.feature - b.feature)
    .forEach(({ feature, ...table }) => {
      tables[feature] = { ...table, base: words };
      words += table.count * 2 ** table.strideBits;
    });
  return {
    kind: 'features',
    tables,
    tokenBits: indexBits(Math.max(...tables.map(({ count }) => count))),
    strideBits: Math.max(...tables.map(({ strideBits }) => strideBits)),
    // One row alone still has an address.
    words: Math.max(words, 2 ** (1 + Math.min(...tables.map(({ strideBits }) => strideBits)))),
  };
}

/** Words of the input memory that a step takes. */
export function inputWords(input: Design['input'], pack: number): number {
  if (input.kind === 'dense') return Math.ceil(input.size / pack);
  return input.kind === 'features' ? input.tables.length : 1;
}

function planTable(model: QuantizedModel, matrices: readonly ArrayMatrix[]): InputTable {
  const tables = matrices.map((matrix) => inputTable(model, matrix));
  let most = 0;
  for (const { values } of tables) {
    for (const value of values) most = Math.max(most, Math.abs(value));
  }
  return { bits: signedBits(most), shift: tables[0].shift };
}

/** The combiner that the jobs need; undefined where each output is one sum of the array, as it is. */
function planCombiner(
  jobs: readonly Job[],
  matrices: readonly ArrayMatrix[],
  isTabled: boolean,
): Combiner | undefined {
  let largest = 1;
  let arePowers = true;
  let areByPlace = true;
  jobs.forEach((job, j) => {
    const { outputs } = matrices[j];
    for (const { operand } of job.passes) {
      outputs.forEach(({ factors }, n) => {
        factors[operand].forEach((factor, p) => {
          largest = Math.max(largest, factor);
          if (!Number.isInteger(Math.log2(factor))) arePowers = false;
          if (factor !== outputs[n % job.planes.length].factors[operand][p]) areByPlace = false;
        });
      });
    }
  });
  const areOnes = largest === 1 && arePowers;
  const passes = jobs.some((job) => job.passes.length > 1) ? 2 : 1;
  if (areOnes && passes === 1 && !isTabled && jobs.every((job) => job.sums === job.outputs)) {
    return undefined;
  }
  const places = Math.max(...jobs.map(({ planes }) => planes.reduce((sum, n) => sum + n, 0)));
  return {
    factors: areOnes ? 'one' : arePowers ? 'power' : 'any',
    factorBits: indexBits(arePowers ? Math.log2(largest) + 1 : largest + 1),
    factorsBy: areByPlace ? 'place' : 'sum',
    placeBits: indexBits(places),
    passes,
  };
}

/** Largest magnitudes: of the array's sums, and of what the lane compares and rescales. */
function sumBounds(
  model: QuantizedModel,
  jobs: readonly Job[],
  matrices: readonly ArrayMatrix[],
  table: InputTable | undefined,
): { array: number; output: number } {
  const most = activationMax(model.scheme);
  const bounds = { array: 0, output: 0 };
  jobs.forEach((job, j) => {
    const { codes, columns, outputs, sums } = matrices[j];
    const passes = job.passes.map(({ segments }) => segments);
    for (let row = 0; row < sums * columns; row += columns) {
      for (const segments of passes) {
        let sum = 0;
        for (const { column, elements } of segments) {
          for (let k = column; k < column + elements; k++) sum += Math.abs(codes[row + k]);
        }
        bounds.array = Math.max(bounds.array, sum * most);
      }
    }
    outputs.forEach(({ row }, n) => {
      const effective = effectiveCodes(matrices[j], n, model.layers[job.layer].inputSize);
      let sum = 0;
      for (const { column, elements } of passes.flat()) {
        for (let k = column; k < column + elements; k++) sum += Math.abs(effective[k]) * most;
      }
      if (job.isTabled && table) sum += 2 ** (table.bits - 1 + table.shift);
      // + 1: thresholds reach one past the largest sum, to say "never".
      bounds.output = Math.max(bounds.output, sum + 1);
      if (row.kind === 'threshold') {
        bounds.output = Math.max(bounds.output, Math.abs(row.low), Math.abs(row.high));
      }
    });
  });
  return bounds;
}
