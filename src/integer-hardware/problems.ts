/** What keeps layers from running on the machine, in words. */
import { INT16_MAX, INT32_MAX, type Multiplier } from '../integer/fixed-point.js';
import type { LayerNorm } from '../integer/layer-norm.js';
import type { IntegerGate, IntegerLstm } from '../integer/lstm.js';
import { directionsOf, type IntegerHead } from '../integer/model.js';
import { outputWidth, type SequenceLayer } from '../integer/sequence.js';
import type { IntegerDesign } from './design.js';
import { elementsPerBeat, inputDepth, tablesOf, type TableInput } from './input.js';
import { reducedScaleOf, SHIFT_LIMITS, scaleOf } from './scale.js';
import { cellIntegerBits } from './program.js';
import { matrixLimits } from './widths.js';

const MAX_ROWS = 256;
/** Elements of a vector: what layer normalization's sums are wide enough for. */
const MAX_SIZE = 4095;
/** Classes of a head; numbers of symbols. */
const MAX_NUMBERS = 65536;
/** Of a sequence that is kept whole. */
const MAX_STEPS = 65536;
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

/** One direction, or the two of a layer by name. */
function namedDirections(layer: SequenceLayer, where: string): [string, IntegerLstm][] {
  return 'forward' in layer
    ? [
        [`${where}.forward`, layer.forward],
        [`${where}.backward`, layer.backward],
      ]
    : [[where, layer]];
}

/** Every direction must take what the layer below gives, and all share one machine. */
function checkStack(note: Note, layers: readonly SequenceLayer[]): void {
  const [first] = directionsOf(layers);
  const checkKernel = (where: string, { kernel }: IntegerLstm): void => {
    for (const name of ['activationBits', 'activation'] as const) {
      if (kernel[name] !== first.kernel[name]) {
        note(`${where}.kernel.${name}`, `${kernel[name]} is not layer 0's`);
      }
    }
  };
  layers.forEach((layer, n) => {
    const directions = namedDirections(layer, `layers[${n}]`);
    if (n > 0) {
      const below = layers[n - 1];
      const width = outputWidth(below);
      const [{ outputZeroPoint }] = directionsOf([below]);
      for (const [where, { inputSize, inputZeroPoint }] of directions) {
        if (inputSize !== width) {
          note(`${where}.inputSize`, `${inputSize} is not layer ${n - 1}'s ${width}`);
        }
        if (inputZeroPoint !== outputZeroPoint) {
          note(
            `${where}.inputZeroPoint`,
            `${inputZeroPoint} is not layer ${n - 1}'s ${outputZeroPoint}`,
          );
        }
      }
    }
    for (const [where, direction] of directions)
      if (direction !== first) checkKernel(where, direction);
    if (!('forward' in layer)) return;
    for (const name of ['inputSize', 'inputZeroPoint', 'outputZeroPoint'] as const) {
      const [forward, backward] = [layer.forward[name], layer.backward[name]];
      if (forward !== backward) {
        note(`layers[${n}].backward.${name}`, `${backward} is not forward's ${forward}`);
      }
    }
  });
}

function checkInput(note: Note, input: TableInput, { inputSize, kernel }: IntegerLstm): void {
  const elements = elementsPerBeat({ input, inputSize }).reduce((sum, n) => sum + n, 0);
  if (elements !== inputSize) {
    note('input', `gives ${elements} elements, layer 0 takes ${inputSize}`);
  }
  checkRange(note, 'input: numbers', inputDepth(input), 1, MAX_NUMBERS);
  const limit = 2 ** (kernel.activationBits - 1);
  if (input.kind === 'one-hot') checkRange(note, 'input.hot', input.hot, 0, limit - 1);
  for (const { name, count, size, codes } of tablesOf(input)) {
    if (codes.length !== count * size) {
      note(`input.${name}`, `${codes.length} elements, not ${count} x ${size}`);
    }
    const wrong = codes.findIndex((code) => !isIn(code, -limit, limit - 1));
    if (wrong >= 0) {
      note(`input.${name}[${wrong}]`, `${codes[wrong]} is not in ${-limit}..${limit - 1}`);
    }
  }
}

function checkHead(note: Note, head: IntegerHead, width: number, bits: number): void {
  const { classes, weights, bias } = head;
  checkRange(note, 'head.classes', classes, 1, MAX_NUMBERS);
  if (weights.length !== classes * width || bias.length !== classes) {
    note(
      'head',
      `${weights.length} weights and ${bias.length} biases, not ${classes} x ${width} and ${classes}`,
    );
    return;
  }
  const { total } = matrixLimits(head, bits);
  if (!(total <= INT32_MAX)) {
    note('head', `sums may reach ${total}; the accumulator holds 32 bits`);
  }
}

export function problemsOf({
  layers,
  name,
  rows,
  maxSteps,
  input,
  head,
}: Pick<IntegerDesign, 'layers' | 'name' | 'rows' | 'maxSteps' | 'input' | 'head'>): string[] {
  const problems: string[] = [];
  const note: Note = (where, problem) => problems.push(`${where}: ${problem}`);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) note('name', `'${name}' is no Verilog identifier`);
  checkRange(note, 'rows', rows, 1, MAX_ROWS);
  checkRange(note, 'maxSteps', maxSteps, 1, MAX_STEPS);
  if (layers.length === 0) {
    note('layers', 'there is none');
    return problems;
  }
  layers.forEach((layer, n) => {
    for (const [where, direction] of namedDirections(layer, `layers[${n}]`)) {
      checkLayer(note, where, direction);
    }
  });
  checkStack(note, layers);
  const [first] = directionsOf(layers);
  if (input !== null) checkInput(note, input, first);
  if (head !== null) {
    checkHead(note, head, outputWidth(layers[layers.length - 1]), first.kernel.activationBits);
  }
  return problems;
}
