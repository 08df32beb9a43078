/** What a forward pass left in memory, as integers or reals. */
import { GATE } from '../quant/gates.js';
import type { LayerTrace } from './engine.js';
import type { Layout } from './layout.js';
import type { RowBlock, Views } from './matrix-coding.js';

/** Of the last `steps` steps of every layer. */
export function traceLayers(
  { f32, i16, i32 }: Views,
  layout: Layout,
  blocks: readonly RowBlock[],
  steps: number,
): LayerTrace[] {
  const { batch, cells, layers, buffers } = layout;
  const rows = steps * batch;
  const operand = cells === 'float' ? 4 : 2;
  const activations = cells === 'float' ? f32 : i16;
  return layers.map((m, l): LayerTrace => {
    const b = buffers[l];
    const size = m.hiddenSize;
    const gates = new Float32Array(rows * 4 * size);
    const c = new Float32Array(rows * size);
    const h = new Float32Array(rows * size);
    /** Gate g of unit u in row r. */
    const gateOf = (r: number, g: number, u: number): number => {
      const row = g * b.units + u;
      const at = r * m.n + row;
      if (cells === 'float') return f32[b.acc / 4 + at];
      if (cells !== 'level3') return i16[b.gates / 2 + at];
      if (g === GATE.g) return i16[b.gates / 2 + r * b.units + u];
      const sum = i32[b.acc / 4 + at];
      return (sum >= blocks[l].low[row] ? 1 : 0) + (sum >= blocks[l].high[row] ? 1 : 0);
    };
    for (let r = 0; r < rows; r++) {
      const state = (batch + r) * b.units;
      for (let u = 0; u < size; u++) {
        c[r * size + u] = activations[b.c / operand + state + u];
        h[r * size + u] = activations[b.hidden / operand + state + u];
        for (let g = 0; g < 4; g++) gates[(r * 4 + g) * size + u] = gateOf(r, g, u);
      }
    }
    return { gates, c, h };
  });
}

/** Traces of consecutive runs as one. */
export function joinTraces(parts: readonly LayerTrace[][]): LayerTrace[] {
  const join = (arrays: readonly Float32Array[]): Float32Array => {
    const all = new Float32Array(arrays.reduce((n, a) => n + a.length, 0));
    let at = 0;
    for (const array of arrays) {
      all.set(array, at);
      at += array.length;
    }
    return all;
  };
  return parts[0].map((_, l) => ({
    gates: join(parts.map((p) => p[l].gates)),
    c: join(parts.map((p) => p[l].c)),
    h: join(parts.map((p) => p[l].h)),
  }));
}
