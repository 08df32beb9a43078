/**
 * Gradients of what a coded matrix is trained by: masters, norms and trained scales, from the gradient of
 * the real weights that its rows stand for. Straight through rounding and thresholds, as each method's
 * paper does.
 */
import type { CodedMatrix, MatrixPlan, MatrixSource, RowGroup } from './code-matrix.js';

/** Gradients in place: of any precision, so that the plain reference keeps its own. */
export type Real = Float32Array | Float64Array;

interface Call {
  readonly plan: MatrixPlan;
  readonly coded: CodedMatrix;
  readonly source: MatrixSource;
  readonly gradient: Real;
  readonly dGain: Real;
}

/**
 * `gradient` [rows, columns]: G = dL/d(scale * effective), the slope of the scheme being in the scale;
 * becomes dL/d(master). With s the slope:
 *
 *   normalized    w = gain q / |q| by row and operand, q the codes, planes combined, in units of the first:
 *                 dGain = s G.q/|q|, dMaster = scale (G - q (G.q) / |q|^2) (Salimans and Kingma 2016,
 *                 arXiv:1602.07868, equation 3; Hou et al. 2019 for codes); both 0 where q is
 *   trained       TTQ, arXiv:1612.01064, equations 7 and 8: the scale of the positive codes gets s times the
 *                 sum of G over them, that of the negative ones minus theirs; a master gets s G times its
 *                 code's scale, s G where the code is 0
 *   dorefa        arXiv:1606.06160, section 2.3: through tanh(w) / max|tanh(w)|, its maximum included
 *   all others    s G
 *   masked        0 where the master is exactly 0, and so stays pruned; else as above
 *
 * Without source.scales TTQ is one of the others. `dGain` [operands, rows] and `dScales` [groups, operands, 2] are written whole, 0 where nothing is trained.
 * Sums are doubles in order of columns.
 */
export function masterGradient(
  plan: MatrixPlan,
  coded: CodedMatrix,
  source: MatrixSource,
  gradient: Real,
  dGain: Real,
  dScales?: Real,
): void {
  const call: Call = { plan, coded, source, gradient, dGain };
  dGain.fill(0);
  dScales?.fill(0);
  plan.groups.forEach((group, index) => {
    for (let s = 0; s < plan.operands.length - 1; s++) {
      const { format, solver } = group.coding;
      if (group.normalized) {
        for (let r = group.begin; r < group.end; r++) normalizedRow(call, r, s);
      } else {
        if (plan.slope !== 1) eachElement(call, group, s, (k) => void (gradient[k] *= plan.slope));
        if (solver === 'dorefa') throughTanh(call, group, s);
        if (solver === 'trained') trainedScales(call, group, index, s, dScales);
      }
      if (format.kind === 'multibit' && format.masked) {
        eachElement(call, group, s, (k) => {
          if (source.weights[k] === 0) gradient[k] = 0;
        });
      }
    }
  });
}

/** Visits the indices of a group's weights for one operand. */
function eachElement(
  { plan: { columns, operands } }: Call,
  { begin, end }: RowGroup,
  s: number,
  visit: (k: number, row: number) => void,
): void {
  for (let r = begin; r < end; r++) {
    for (let k = r * columns + operands[s]; k < r * columns + operands[s + 1]; k++) visit(k, r);
  }
}

/** Codes of one row and operand, planes combined in units of the first; grows. */
let direction = new Float64Array(0);

function normalizedRow({ plan, coded, gradient, dGain }: Call, r: number, s: number): void {
  const { columns, operands, planeOffsets, rows, slope } = plan;
  const width = operands[s + 1] - operands[s];
  const at = r * columns + operands[s];
  const planes = planeOffsets[r + 1] - planeOffsets[r];
  const { factors } = coded.rows[r];
  const first = factors[factors.length === 1 ? 0 : s * planes];
  if (direction.length < width) direction = new Float64Array(width);
  direction.fill(0, 0, width);
  for (let p = 0; p < planes; p++) {
    // A first factor that rounds to 0 leaves the codes of its plane to go by.
    const share = p === 0 ? 1 : first === 0 ? 0 : factors[s * planes + p] / first;
    const from = (planeOffsets[r] + p) * columns + operands[s];
    for (let k = 0; k < width; k++) direction[k] += share * coded.codes[from + k];
  }
  let dot = 0;
  let energy = 0;
  for (let k = 0; k < width; k++) {
    dot += gradient[at + k] * direction[k];
    energy += direction[k] * direction[k];
  }
  const ratio = energy === 0 ? 0 : dot / energy;
  const scale = coded.codeScale[s * rows + r];
  for (let k = 0; k < width; k++) {
    gradient[at + k] = scale * (gradient[at + k] - direction[k] * ratio);
  }
  dGain[s * rows + r] = energy === 0 ? 0 : (slope * dot) / Math.sqrt(energy);
}

function trainedScales(
  call: Call,
  group: RowGroup,
  index: number,
  s: number,
  dScales: Real | undefined,
): void {
  const { plan, coded, source, gradient } = call;
  if (source.scales === undefined) return;
  const { scales } = source;
  const { columns, operands, planeOffsets } = plan;
  const at = (index * (operands.length - 1) + s) * 2;
  const sums = [0, 0];
  eachElement(call, group, s, (k, r) => {
    const code = planeOffsets[r] * columns + (k - r * columns);
    for (let p = 0; p < 2; p++) {
      const value = coded.codes[code + p * columns];
      if (value === 0) continue;
      sums[p] += value * gradient[k];
      gradient[k] *= scales[at + p];
      break;
    }
  });
  if (dScales) [dScales[at], dScales[at + 1]] = sums;
}

/** dL/d(tanh(w) / M) to dL/dw with M = max|tanh(w)|, which passes -sum(G tanh(w)) / M^2 on to its weight. */
function throughTanh(call: Call, group: RowGroup, s: number): void {
  const { source, gradient } = call;
  let largest = -1;
  eachElement(call, group, s, (k) => {
    const { weights } = source;
    if (largest < 0 || Math.abs(weights[k]) > Math.abs(weights[largest])) largest = k;
  });
  const most = Math.abs(Math.tanh(source.weights[largest]));
  if (most === 0) return;
  let sum = 0;
  eachElement(call, group, s, (k) => {
    const t = Math.tanh(source.weights[k]);
    sum += gradient[k] * t;
    gradient[k] *= (1 - t * t) / most;
  });
  const t = Math.tanh(source.weights[largest]);
  gradient[largest] -= (Math.sign(t) * (1 - t * t) * sum) / (most * most);
}
