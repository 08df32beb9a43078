/** What keeps layers from running on the machine, in words. */
import { INT16_MAX, INT32_MAX, type Multiplier } from '../integer/fixed-point.js';
import type { LayerNorm } from '../integer/layer-norm.js';
import type { IntegerGate, IntegerLstm } from '../integer/lstm.js';
import { reducedScaleOf, SHIFT_LIMITS, scaleOf } from './scale.js';
import { cellIntegerBits } from './program.js';
import { matrixLimits } from './widths.js';

const MAX_ROWS = 256;
/** Elements of a vector: what layer normalization's sums are wide enough for. */
const MAX_SIZE = 4095;
/** Magnitude of a shifted accumulator that the golden model rescales exactly. */
const EXACT_LIMIT = 2 ** 37;
/** Of c: what tanh is made for. */
const MAX_INTEGER_BITS = 6;

type Note = (where: string, problem: string) => void;

function isIn(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

function checkRange(note: Note, where: string, value: number, low: number, high: number): void {
  if (!isIn(value, low, high)) note(where, `${value} is not in ${low}..${high}`);
}

function checkScale(
  note: Note,
  where: string,
  { multiplier, shift }: Multiplier,
  right: number,
): void {
  checkRange(note, `${where}.multiplier`, multiplier, 0, INT32_MAX);
  if (multiplier !== 0 && !isIn(right, SHIFT_LIMITS.min, SHIFT_LIMITS.max)) {
    const { min, max } = SHIFT_LIMITS;
    note(
      `${where}.shift`,
      `${shift} makes a right shift of ${right}, which is not in ${min}..${max}`,
    );
  }
}

interface MatrixCheck {
  readonly weights: Int8Array;
  readonly bias: ArrayLike<number>;
  readonly scale: Multiplier;
}

function checkMatrix(
  note: Note,
  where: string,
  { kernel }: IntegerLstm,
  { weights, bias, scale }: MatrixCheck,
  rows: number,
  columns: number,
): void {
  if (weights.length !== rows * columns) {
    note(where, `${weights.length} weights, not ${rows} x ${columns}`);
    return;
  }
  if (bias.length !== rows) {
    note(where, `${bias.length} biases, not ${rows}`);
    return;
  }
  const isReduced = kernel.activationBits === 16;
  const { shift } = isReduced ? reducedScaleOf(scale) : scaleOf(scale, kernel.rounding);
  checkScale(note, `${where} scale`, scale, shift);
  const { total } = matrixLimits({ weights, bias }, kernel.activationBits);
  if (!(total <= INT32_MAX)) {
    note(where, `sums may reach ${total}; the accumulator holds 32 bits`);
  } else if (scale.shift > 0 && total * 2 ** scale.shift > EXACT_LIMIT) {
    note(where, `sums may reach ${total} * 2^${scale.shift}, too much to be rescaled exactly`);
  }
}

function checkNorm(note: Note, where: string, norm: LayerNorm, { cellSize }: IntegerLstm): void {
  if (norm.weights.length !== cellSize || norm.bias.length !== cellSize) {
    note(where, `${norm.weights.length} weights and ${norm.bias.length} biases, not ${cellSize}`);
  }
  checkScale(note, `${where}.scale`, norm.scale, 31 - norm.scale.shift - 12);
  checkRange(note, `${where}.varianceGuard`, norm.varianceGuard, 1, INT32_MAX);
}

function checkGate(note: Note, where: string, gate: IntegerGate, layer: IntegerLstm): void {
  const { cellSize, inputSize, outputSize, kernel } = layer;
  const { inputWeights, inputBias, inputScale } = gate;
  const input = { weights: inputWeights, bias: inputBias, scale: inputScale };
  checkMatrix(note, `${where}, W x`, layer, input, cellSize, inputSize);
  const { recurrentWeights, recurrentBias, recurrentScale } = gate;
  const recurrent = { weights: recurrentWeights, bias: recurrentBias, scale: recurrentScale };
  checkMatrix(note, `${where}, R h`, layer, recurrent, cellSize, outputSize);
  const { peephole, layerNorm } = gate;
  if (peephole !== null) {
    if (peephole.weights.length !== cellSize) {
      note(`${where}.peephole`, `${peephole.weights.length} weights, not ${cellSize}`);
    }
    const { shift } = scaleOf(peephole.scale, kernel.rounding);
    checkScale(note, `${where}.peephole.scale`, peephole.scale, shift);
  }
  if (layerNorm !== null) checkNorm(note, `${where}.layerNorm`, layerNorm, layer);
}

function checkCell(note: Note, where: string, layer: IntegerLstm): void {
  const { cell, kernel } = layer;
  checkRange(note, `${where}.bits`, cell.bits, 6, 16);
  checkRange(note, `${where}.clip`, cell.clip, 0, INT16_MAX);
  if (!isIn(cellIntegerBits(layer), 0, MAX_INTEGER_BITS)) {
    const low = 1 - cell.bits;
    note(
      `${where}.scaleLog2`,
      `${cell.scaleLog2} is not in ${low}..${low + MAX_INTEGER_BITS} (${cell.bits} bits)`,
    );
  }
  if (kernel.arithmetic !== 'tflite') {
    for (const name of ['forgetScale', 'inputScale'] as const) {
      const { shift } = scaleOf(cell[name], kernel.rounding);
      checkScale(note, `${where}.${name}`, cell[name], shift);
    }
  }
}

function checkLayer(note: Note, where: string, layer: IntegerLstm): void {
  const { inputSize, cellSize, outputSize, gates, kernel, hidden, projection } = layer;
  const sizes = { inputSize, cellSize, outputSize };
  let isSized = true;
  for (const [name, size] of Object.entries(sizes)) {
    checkRange(note, `${where}.${name}`, size, 1, MAX_SIZE);
    isSized &&= isIn(size, 1, MAX_SIZE);
  }
  if (!isSized) return;
  for (const name of ['i', 'f', 'g', 'o'] as const) {
    const gate = gates[name];
    if (gate !== null) checkGate(note, `${where}.gates.${name}`, gate, layer);
  }
  checkCell(note, `${where}.cell`, layer);
  const limit = 2 ** (kernel.activationBits - 1);
  const zeroPoints = { outputZeroPoint: layer.outputZeroPoint, hidden: hidden.zeroPoint };
  for (const [name, value] of Object.entries(zeroPoints)) {
    checkRange(note, `${where}.${name}`, value, -limit, limit - 1);
  }
  checkScale(
    note,
    `${where}.hidden.scale`,
    hidden.scale,
    scaleOf(hidden.scale, kernel.rounding).shift,
  );
  if (projection === null) {
    if (outputSize !== cellSize) {
      note(`${where}.outputSize`, `${outputSize} is not the cell size ${cellSize}; no projection`);
    }
    return;
  }
  checkMatrix(note, `${where}.projection`, layer, projection, outputSize, cellSize);
  checkRange(note, `${where}.projection.clip`, projection.clip, 0, limit);
}

function checkStack(note: Note, layers: readonly IntegerLstm[]): void {
  const [first] = layers;
  for (let n = 1; n < layers.length; n++) {
    const [before, layer] = [layers[n - 1], layers[n]];
    if (layer.inputSize !== before.outputSize) {
      note(
        `layers[${n}].inputSize`,
        `${layer.inputSize} is not layer ${n - 1}'s ${before.outputSize}`,
      );
    }
    if (layer.inputZeroPoint !== before.outputZeroPoint) {
      note(
        `layers[${n}].inputZeroPoint`,
        `${layer.inputZeroPoint} is not layer ${n - 1}'s ${before.outputZeroPoint}`,
      );
    }
    for (const name of ['activationBits', 'activation'] as const) {
      if (layer.kernel[name] !== first.kernel[name]) {
        note(`layers[${n}].kernel.${name}`, `${layer.kernel[name]} is not layer 0's`);
      }
    }
  }
}

export function problemsOf(layers: readonly IntegerLstm[], name: string, rows: number): string[] {
  const problems: string[] = [];
  const note: Note = (where, problem) => problems.push(`${where}: ${problem}`);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) note('name', `'${name}' is no Verilog identifier`);
  checkRange(note, 'rows', rows, 1, MAX_ROWS);
  if (layers.length === 0) note('layers', 'there is none');
  layers.forEach((layer, n) => checkLayer(note, `layers[${n}]`, layer));
  if (layers.length > 0) checkStack(note, layers);
  return problems;
}
