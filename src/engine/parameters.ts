/** A model's tensors in the flat parameter buffers of a layout, and back. */
import { f32, type FloatTensor, type Model, type Tensors } from '../model/model.js';
import type { Layout, Matrix } from './layout.js';

/** Rows and units lie in groups, each padded to whole panels. */
export function paddedRow(m: Matrix, row: number): number {
  return Math.floor(row / m.units) * m.stride + (row % m.units);
}

/** visit(index in a flat parameter buffer, index in the model's row-major matrix). */
export function eachWeight(m: Matrix, visit: (flat: number, rowMajor: number) => void): void {
  const columns = m.inputSize + m.hiddenSize;
  for (let k = 0; k < columns; k++) {
    const column = k < m.inputSize ? k : m.x + k - m.inputSize;
    for (let r = 0; r < m.rows; r++) {
      visit(m.weights + column * m.n + paddedRow(m, r), r * columns + k);
    }
  }
}

/** What lies in the flat buffers: not curvature and decisions, which nothing differentiates. */
export function writeParameters(
  layout: Layout,
  model: Model,
  flat: Float32Array,
  tensors: Tensors,
): void {
  const data = (name: string): Float32Array => tensors[name].data as Float32Array;
  flat.fill(0);
  if (layout.embedding) {
    const { offset, rows, width } = layout.embedding;
    const size = model.layers[0].inputSize;
    const from = data('embedding');
    for (let v = 0; v < rows; v++) {
      flat.set(from.subarray(v * size, (v + 1) * size), offset + v * width);
    }
  }
  for (const m of [...layout.layers, layout.head]) {
    const weights = data(`${m.name}.weights`);
    const bias = data(`${m.name}.bias`);
    const gain = data(`${m.name}.gain`);
    eachWeight(m, (at, rowMajor) => void (flat[at] = weights[rowMajor]));
    for (let r = 0; r < m.rows; r++) {
      const row = paddedRow(m, r);
      flat[m.bias + row] = bias[r];
      for (let s = 0; s < m.operands; s++) flat[m.gain + s * m.n + row] = gain[s * m.rows + r];
    }
    if (m.scaleCount > 0) flat.set(data(`${m.name}.scales`), m.scales);
  }
}

export function readParameters(
  layout: Layout,
  model: Model,
  flat: Float32Array,
): Record<string, FloatTensor> {
  const tensors: Record<string, FloatTensor> = {};
  if (layout.embedding) {
    const { offset, rows, width } = layout.embedding;
    const size = model.layers[0].inputSize;
    const data = new Float32Array(rows * size);
    for (let v = 0; v < rows; v++) {
      const from = offset + v * width;
      data.set(flat.subarray(from, from + size), v * size);
    }
    tensors['embedding'] = f32([rows, size], data);
  }
  for (const m of [...layout.layers, layout.head]) {
    const bias = new Float32Array(m.rows);
    const gain = new Float32Array(m.operands * m.rows);
    for (let r = 0; r < m.rows; r++) {
      const row = paddedRow(m, r);
      bias[r] = flat[m.bias + row];
      for (let s = 0; s < m.operands; s++) gain[s * m.rows + r] = flat[m.gain + s * m.n + row];
    }
    tensors[`${m.name}.weights`] = weightTensor(m, flat);
    tensors[`${m.name}.bias`] = f32([m.rows], bias);
    tensors[`${m.name}.gain`] = f32([gain.length], gain);
    if (m.scaleCount > 0) {
      const scales = flat.slice(m.scales, m.scales + m.scaleCount);
      tensors[`${m.name}.scales`] = f32([m.scaleCount], scales);
    }
  }
  return tensors;
}

/** Weights of one matrix, [rows, columns]. */
export function weightTensor(m: Matrix, flat: Float32Array): FloatTensor {
  const columns = m.inputSize + m.hiddenSize;
  const weights = new Float32Array(m.rows * columns);
  eachWeight(m, (at, rowMajor) => void (weights[rowMajor] = flat[at]));
  return f32([m.rows, columns], weights);
}

/** The head between a flat buffer and [classes][hiddenSize weights, bias, gain]. */
export function readHeadRows(layout: Layout, flat: Float32Array, rows: Float32Array): void {
  const { hiddenSize, n, weights, bias, gain, rows: classes } = layout.head;
  const width = hiddenSize + 2;
  for (let k = 0; k < hiddenSize; k++) {
    const from = weights + k * n;
    for (let r = 0; r < classes; r++) rows[r * width + k] = flat[from + r];
  }
  for (let r = 0; r < classes; r++) {
    rows[r * width + hiddenSize] = flat[bias + r];
    rows[r * width + hiddenSize + 1] = flat[gain + r];
  }
}

export function writeHeadRows(layout: Layout, flat: Float32Array, rows: Float32Array): void {
  const { hiddenSize, n, weights, bias, gain, rows: classes } = layout.head;
  const width = hiddenSize + 2;
  for (let k = 0; k < hiddenSize; k++) {
    const to = weights + k * n;
    for (let r = 0; r < classes; r++) flat[to + r] = rows[r * width + k];
  }
  for (let r = 0; r < classes; r++) {
    flat[bias + r] = rows[r * width + hiddenSize];
    flat[gain + r] = rows[r * width + hiddenSize + 1];
  }
}
