/** Replays a recorded LSTM and compares all that is recorded of its run. */
import { UserError } from '../../errors.js';
import { requantize, type Rounding, saturate8 } from '../fixed-point.js';
import { activationVector, type IntegerLstm, type LstmState } from '../lstm.js';
import {
  type BatchResult,
  type BatchShape,
  type BatchStart,
  type OnStep,
  runBatch,
} from '../sequence.js';
import { Comparison, type Findings, joined } from './comparison.js';
import {
  checkShape,
  GATE_NAMES,
  type HeadFile,
  integers,
  type KernelName,
  type LstmFile,
  type Tensor,
} from './format.js';
import { kernelOf, layerOf, STATE_TYPE } from './lstm-layer.js';
import { checkScales } from './lstm-scales.js';

const GATE_LETTERS = { input: 'i', forget: 'f', cell: 'g', output: 'o' } as const;

function shapeOf({ dims, time_major }: LstmFile): BatchShape {
  return { batch: dims.batch, timeSteps: dims.time, isTimeMajor: time_major };
}

/** [time, batch, n] or [batch, time, n]. */
function sequenceShape({ dims, time_major }: LstmFile, n: number): number[] {
  return time_major ? [dims.time, dims.batch, n] : [dims.batch, dims.time, n];
}

function startOf(file: LstmFile, layer: IntegerLstm): BatchStart | undefined {
  const { batch } = file.dims;
  const { output, cell } = file.initial_state ?? {};
  if (!output && !cell) return undefined;
  const type = STATE_TYPE[layer.kernel.activationBits];
  return {
    h: output
      ? integers('initial_state.output', output, [type], [batch, layer.outputSize])
      : new Array<number>(batch * layer.outputSize).fill(layer.outputZeroPoint),
    c: cell
      ? integers('initial_state.cell', cell, ['int16'], [batch, layer.cellSize])
      : new Array<number>(batch * layer.cellSize).fill(0),
  };
}

function inputOf(file: LstmFile, layer: IntegerLstm): Int8Array | Int16Array {
  const type = STATE_TYPE[layer.kernel.activationBits];
  const data = integers('input', file.input, [type], sequenceShape(file, layer.inputSize));
  const input = activationVector(layer.kernel, data.length);
  input.set(data);
  return input;
}

/** Something recorded of every step: which values it has now, and where in the file they stand. */
interface StepRecord {
  readonly name: string;
  readonly data: readonly number[];
  readonly values: (state: LstmState) => ArrayLike<number>;
  readonly row: (timeStep: number, item: number) => number;
}

/** What is recorded of each step, in the order in which a step computes it. */
function stepRecords(file: LstmFile, layer: IntegerLstm): StepRecord[] {
  const { dims, expected, time_major } = file;
  const { cellSize, outputSize } = layer;
  const perStep = [dims.time, dims.batch, cellSize];
  const timeMajor = (t: number, item: number): number => t * dims.batch + item;
  const records: StepRecord[] = [];
  const add = (
    name: string,
    tensor: Tensor | undefined,
    types: readonly ('int8' | 'int16')[],
    shape: readonly number[],
    values: StepRecord['values'],
    row = timeMajor,
  ): void => {
    if (!tensor) return;
    const data = integers(`expected.${name}`, tensor, types, shape);
    records.push({ name: `expected.${name}`, data, values, row });
  };
  for (const name of GATE_NAMES) {
    const letter = GATE_LETTERS[name];
    const key = `${name}_gate_per_step` as const;
    add(key, expected[key], ['int16'], perStep, (state) => state.gates[letter]);
  }
  add('cell_state_per_step', expected.cell_state_per_step, ['int16'], perStep, (state) => state.c);
  add(
    'output',
    expected.output,
    [STATE_TYPE[layer.kernel.activationBits]],
    sequenceShape(file, outputSize),
    (state) => state.h,
    time_major ? timeMajor : (t, item) => item * dims.time + t,
  );
  return records;
}

function compareSteps(records: readonly StepRecord[], comparison: Comparison): OnStep {
  return (t, item, state) => {
    for (const { name, data, values, row } of records) {
      const now = values(state);
      const offset = row(t, item) * now.length;
      for (let u = 0; u < now.length; u++) {
        const where = (): string =>
          `${name}.data[${offset + u}] (step ${t}, batch ${item}, unit ${u})`;
        comparison.value(where, now[u], data[offset + u]);
      }
    }
  };
}

function compareFinal(
  file: LstmFile,
  layer: IntegerLstm,
  { states }: BatchResult,
  comparison: Comparison,
): void {
  const { dims, expected } = file;
  const compare = (
    name: 'final_output_state' | 'final_cell_state',
    type: 'int8' | 'int16',
    values: (state: LstmState) => ArrayLike<number>,
  ): void => {
    const tensor = expected[name];
    if (!tensor) return;
    const n = values(states[0]).length;
    const data = integers(`expected.${name}`, tensor, [type], [dims.batch, n]);
    states.forEach((state, item) => {
      const where = (u: number): string =>
        `expected.${name}.data[${item * n + u}] (after the last step, batch ${item}, unit ${u})`;
      comparison.values(where, values(state), data.slice(item * n, (item + 1) * n));
    });
  };
  compare('final_output_state', STATE_TYPE[layer.kernel.activationBits], (state) => state.h);
  compare('final_cell_state', 'int16', (state) => state.c);
}

interface Replay extends BatchResult {
  readonly layer: IntegerLstm;
  readonly findings: Findings;
}

function replay(file: LstmFile, name: KernelName, rounding: Rounding): Replay {
  const layer = layerOf(file, kernelOf(name, rounding));
  const comparison = new Comparison();
  const onStep = compareSteps(stepRecords(file, layer), comparison);
  const input = inputOf(file, layer);
  const result = runBatch(layer, input, shapeOf(file), startOf(file, layer), onStep);
  compareFinal(file, layer, result, comparison);
  if (comparison.compared === 0) {
    throw new UserError({
      where: 'expected',
      given: 'nothing',
      allowed: 'needs a result to compare',
    });
  }
  const findings = { compared: comparison.compared, problems: comparison.problems() };
  return { ...result, layer, findings };
}

/** Kernels said to give the same, replayed too. */
function replayOthers(file: LstmFile, rounding: Rounding): Findings[] {
  const others = (file.also_exact_for ?? []).filter((name) => name !== file.kernel);
  return others.map((name) => {
    const { compared, problems } = replay(file, name, rounding).findings;
    return { compared, problems: problems.map((problem) => `also_exact_for ${name}: ${problem}`) };
  });
}

/** Whether the other rounding gives the same output, where the file says so. */
function checkOtherRounding(file: LstmFile, own: Replay, rounding: Rounding): Findings {
  const other = rounding === 'double' ? 'single' : 'double';
  const claim = file[`${other}_rounding_gives_same_output`];
  if (claim === undefined) return { compared: 0, problems: [] };
  const { output } = replay(file, file.kernel, other);
  const isSame = output.every((value, k) => value === own.output[k]);
  const problem = `${other}_rounding_gives_same_output: computed ${isSame}, expected ${claim}`;
  return { compared: 1, problems: isSame === claim ? [] : [problem] };
}

function argmax(values: ArrayLike<number>, from: number, n: number): number {
  let best = 0;
  for (let k = 1; k < n; k++) if (values[from + k] > values[from + best]) best = k;
  return best;
}

/** y[item]: all outputs of one sequence, or those of its last step, as the head's width asks. */
function headInput(
  file: LstmFile,
  { layer, output }: Replay,
  item: number,
  width: number,
): number[] {
  const { dims, time_major } = file;
  const n = layer.outputSize;
  const first = width === n ? dims.time - 1 : 0;
  const values: number[] = [];
  for (let t = first; t < dims.time; t++) {
    const row = time_major ? t * dims.batch + item : item * dims.time + t;
    for (let u = 0; u < n; u++) values.push(output[row * n + u]);
  }
  return values;
}

/** logits [batch, classes] = sat8(rescaled sum((y - zeroPoint) * w) + bias, + zeroPoint). */
function logitsOf(file: LstmFile, head: HeadFile, run: Replay): number[] {
  const [classes = 0, width = 0] = head.weights.shape;
  const { dims } = file;
  const n = run.layer.outputSize;
  if (width !== n && width !== n * dims.time) {
    throw new UserError({
      where: 'head.weights.shape',
      given: `${width} columns`,
      allowed: `${n * dims.time} (time * output) or ${n} (output)`,
    });
  }
  const weights = integers('head.weights', head.weights, ['int8'], [classes, width]);
  const bias = head.bias ? integers('head.bias', head.bias, ['int32', 'int64'], [classes]) : [];
  const logits: number[] = [];
  for (let item = 0; item < dims.batch; item++) {
    const y = headInput(file, run, item, width);
    for (let k = 0; k < classes; k++) {
      let acc = bias[k] ?? 0;
      for (let j = 0; j < width; j++) {
        acc += (y[j] - (head.input_zero_point ?? 0)) * weights[k * width + j];
      }
      const scaled = requantize(acc, head, run.layer.kernel.rounding);
      logits.push(saturate8(scaled + (head.output_zero_point ?? 0)));
    }
  }
  return logits;
}

function checkHead(file: LstmFile, run: Replay): Findings {
  const { head, dims } = file;
  if (!head) return { compared: 0, problems: [] };
  const comparison = new Comparison();
  const logits = logitsOf(file, head, run);
  const classes = logits.length / dims.batch;
  const place = (k: number): string =>
    `data[${k}] (batch ${Math.floor(k / classes)}, class ${k % classes})`;
  if (head.expected_logits) {
    const where = 'head.expected_logits';
    const data = integers(where, head.expected_logits, ['int8'], [dims.batch, classes]);
    comparison.values((k) => `${where}.${place(k)}`, logits, data);
  }
  const labels = Array.from({ length: dims.batch }, (_, b) => argmax(logits, b * classes, classes));
  if (head.labels) {
    checkShape('head.labels', [head.labels.length], [dims.batch], head.labels.length);
    comparison.values((b) => `head.labels[${b}]`, labels, head.labels);
  }
  if (head.expected_softmax) {
    // The scale of the logits is not recorded, so only which class is largest can be checked.
    const where = 'head.expected_softmax';
    const data = integers(where, head.expected_softmax, ['int8'], [dims.batch, classes]);
    for (let b = 0; b < dims.batch; b++) {
      const largest = argmax(data, b * classes, classes);
      comparison.value(() => `${where}, largest class of batch ${b}`, labels[b], largest);
    }
  }
  return { compared: comparison.compared, problems: comparison.problems() };
}

/** Real results of the upstream test, within its tolerance. */
function checkFloats(file: LstmFile, run: Replay): Findings {
  const { float_reference: reference, scales } = file;
  const { tolerance } = reference ?? {};
  if (!reference || !tolerance) return { compared: 0, problems: [] };
  const problems: string[] = [];
  let compared = 0;
  const compare = (
    name: 'expected_output' | 'expected_final_output_state' | 'expected_final_cell_state',
    stored: readonly number[],
    real: (q: number) => number,
    allowed: number | undefined,
  ): void => {
    const tensor = reference[name];
    if (!tensor || allowed === undefined) return;
    checkShape(`float_reference.${name}`, tensor.shape, tensor.shape, stored.length);
    compared += stored.length;
    const bad = stored.findIndex((q, k) => !(Math.abs(real(q) - tensor.data[k]) <= allowed));
    if (bad < 0) return;
    problems.push(
      `float_reference.${name}.data[${bad}]: computed ${real(stored[bad])}, expected ${tensor.data[bad]} within ${allowed}`,
    );
  };
  const { output } = scales ?? {};
  if (output !== undefined) {
    const real = (q: number): number => (q - run.layer.outputZeroPoint) * output;
    compare('expected_output', [...run.output], real, tolerance.output);
    const last = run.states.flatMap((state) => [...state.h]);
    compare('expected_final_output_state', last, real, tolerance.output);
  }
  const cells = run.states.flatMap((state) => [...state.c]);
  const cellScale = 2 ** file.cell.scale_log2;
  compare('expected_final_cell_state', cells, (q) => q * cellScale, tolerance.cell);
  return { compared, problems };
}

export function checkLstm(file: LstmFile): Findings {
  const rounding = file.requantize_rounding ?? 'double';
  const own = replay(file, file.kernel, rounding);
  return joined([
    own.findings,
    checkHead(file, own),
    checkFloats(file, own),
    checkScales(file),
    ...replayOthers(file, rounding),
    checkOtherRounding(file, own, rounding),
  ]);
}
