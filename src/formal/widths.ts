/**
 * Widths that no sequence of inputs of any length can overflow, from the actual weights of a design.
 *
 * An accumulator is 0 after each pass and moves by weight * activation (proved of the elements), so after any of a
 * pass's operands |acc| <= sum |weight| * max|activation|: the bound holds before the first operand, and each adds no
 * more than its own share. Activations are bounded by their formats (h: the cell unit saturates it, which is proved;
 * x: what the tables hold, or the format of dense input). Combined sums count modulo 2^width, so of them the
 * complete sum alone has to fit. The cell saturates; what it saturates has to fit.
 */
import { cellArithmetic } from '../quant/arithmetic.js';
import { activationMax, type QuantizedModel } from '../quant/quantized-model.js';
import { tanhTable } from '../quant/tanh.js';
import { signedBits } from '../design/bits.js';
import { tableOf, type Design, type Job, type Segment } from '../design/design.js';
import { effectiveCodes, inputTable, type ArrayMatrix } from '../design/planes.js';
import { isStationary, type StationaryDesign } from '../design/stationary.js';
import { arrayMatrices } from '../emit/memories.js';

export interface WidthProof {
  /** `layer 0`, `layer 1 backward`, `head`. */
  readonly where: string;
  /** What has the width. */
  readonly what: string;
  /** Largest magnitude that it can take. */
  readonly bound: number;
  /** Bits that this takes, signed. */
  readonly bits: number;
  /** Bits that the design has. */
  readonly width: number;
  readonly status: 'proved' | 'failed';
  /** Of each row (a sum of the array, or an output): its own bound; undefined where there are no rows. */
  readonly rows?: readonly number[];
  /** How the bound comes about, where it is not from the rows. */
  readonly note?: string;
}

function proof(
  where: string,
  what: string,
  bounds: readonly number[] | number,
  width: number,
  note?: string,
): WidthProof {
  const bound = typeof bounds === 'number' ? bounds : bounds.reduce((a, b) => Math.max(a, b), 0);
  const bits = signedBits(bound);
  return {
    ...{ where, what, bound, bits, width, status: bits <= width ? 'proved' : 'failed' },
    ...(typeof bounds === 'number' ? {} : { rows: bounds }),
    ...(note === undefined ? {} : { note }),
  };
}

/** Largest magnitude in each column of x: of what the tables hold, or of the format. */
function inputMaxima({ input, layers, scheme }: QuantizedModel): Float64Array {
  const size = layers[0].inputSize;
  const maxima = new Float64Array(size).fill(activationMax(scheme));
  const scan = (codes: Int8Array, columns: number, from: number): void => {
    maxima.fill(0, from, from + columns);
    codes.forEach((code, n) => {
      const column = from + (n % columns);
      maxima[column] = Math.max(maxima[column], Math.abs(code));
    });
  };
  if (input.kind === 'tokens') scan(input.embedding, size, 0);
  if (input.kind === 'features') {
    let from = 0;
    for (const { codes, size: columns } of input.tables) {
      scan(codes, columns, from);
      from += columns;
    }
  }
  return maxima;
}

/** Bound of codes times activations over these segments. */
function segmentsBound(
  codes: ArrayLike<number>,
  from: number,
  segments: readonly Segment[],
  most: (segment: Segment, column: number) => number,
): number {
  let sum = 0;
  for (const segment of segments) {
    for (let k = segment.column; k < segment.column + segment.elements; k++) {
      sum += Math.abs(codes[from + k]) * most(segment, k);
    }
  }
  return sum;
}

/** Bounds of what a weight-stationary array adds up in one column, tile by tile. */
function tileBounds(
  { rows }: StationaryDesign,
  job: Job,
  { codes, columns, sums }: ArrayMatrix,
  most: (segment: Segment, column: number) => number,
): number[] {
  const bounds: number[] = [];
  for (const segment of job.passes.flatMap(({ segments }) => segments)) {
    for (let first = 0; first < segment.elements; first += rows) {
      const elements = Math.min(rows, segment.elements - first);
      const tile = { ...segment, column: segment.column + first, elements };
      for (let n = 0; n < sums; n++) bounds.push(segmentsBound(codes, n * columns, [tile], most));
    }
  }
  return bounds;
}

const nameOf = ({ kind, layer, direction }: Job): string =>
  kind === 'head' ? 'head' : `layer ${layer}${direction === undefined ? '' : ` ${direction}`}`;

function jobWidths(
  design: Design,
  job: Job,
  matrix: ArrayMatrix,
  maxima: Float64Array,
): WidthProof[] {
  const { model, scheme, accBits, sumBits, multiplierBits } = design;
  const { codes, columns, outputs, sums } = matrix;
  const where = nameOf(job);
  const most = ({ source }: Segment, column: number): number =>
    source === 'input' ? maxima[column] : activationMax(scheme);

  const accumulators: number[] = [];
  for (const { segments } of job.passes) {
    for (let n = 0; n < sums; n++) {
      accumulators.push(segmentsBound(codes, n * columns, segments, most));
    }
  }
  const proofs = [proof(where, 'accumulators', accumulators, accBits)];
  if (isStationary(design)) {
    const { tileBits } = design.stationary;
    proofs.push(proof(where, 'sums of tiles', tileBounds(design, job, matrix, most), tileBits));
  }

  const segments = job.passes.flatMap((pass) => pass.segments);
  const { inputSize } = model.layers[job.layer];
  const table = job.isTabled ? inputTable(model, matrix) : undefined;
  const words = table?.values.length ?? 0;
  const totals = outputs.map((_, n) => {
    const effective = effectiveCodes(matrix, n, inputSize);
    let shares = 0;
    for (let at = n; at < words; at += outputs.length) {
      shares = Math.max(shares, Math.abs(table!.values[at]));
    }
    return segmentsBound(effective, 0, segments, most) + shares * 2 ** (table?.shift ?? 0);
  });
  proofs.push(proof(where, 'sums', totals, sumBits));
  const tableWord = tableOf(design);
  if (table && tableWord) {
    const shares = table.values.reduce((a, value) => Math.max(a, Math.abs(value)), 0);
    proofs.push(proof(where, 'table words', shares, tableWord.bits));
  }

  const points = outputs.flatMap(({ row }) =>
    row.kind === 'threshold' ? [Math.max(Math.abs(row.low), Math.abs(row.high))] : [],
  );
  if (points.length > 0) {
    const disordered = outputs.filter(({ row }) => row.kind === 'threshold' && row.low > row.high);
    const width = proof(where, 'thresholds', points, sumBits, 'low <= high in every row');
    proofs.push(disordered.length === 0 ? width : { ...width, status: 'failed' });
  }
  const products = outputs.flatMap(({ row }, n) =>
    row.kind === 'linear' ? [totals[n] * row.multiplier] : [],
  );
  if (products.length > 0) {
    proofs.push(proof(where, 'products of the requantizer', products, sumBits + multiplierBits));
  }
  return proofs;
}

/** The cell's own numbers: what is saturated to c, and what to h. */
function cellWidths({ scheme }: Design): WidthProof[] {
  const { bits, fraction } = scheme.cell;
  const c = 2 ** (bits - 1);
  const tanhMax = tanhTable(scheme.tanh).at(-1)!;
  const squashMax = Math.abs(cellArithmetic(scheme).squash(-c));
  const candidate = scheme.candidate === 'ternary' ? 2 ** 12 : tanhMax;
  if (scheme.gates === 'int16') {
    // sigmoid: 4096 + tanh in Q0.12, from 4096 - max to 4096 + max.
    const sigmoid = 4096 + tanhMax;
    const coarse = 2 ** (12 - fraction);
    const sum = sigmoid * c * coarse + sigmoid * candidate + 2 ** 12 * coarse;
    return [
      proof('cell', 'f c + i g + 1/2', sum, bits + 1 + 25 - fraction, 'then saturated to c'),
      proof('cell', 'o tanh(s c)', sigmoid * squashMax, 15 + (squashMax > 4095 ? 13 : 12)),
    ];
  }
  const g = scheme.candidate === 'ternary' ? 2 ** fraction : cellArithmetic(scheme).candidate(c);
  const halfUp = scheme.activations === 'int8' ? squashMax + 16 : 0;
  return [
    proof('cell', 'candidate', Math.max(g, 2 ** fraction), fraction + 2),
    proof('cell', 'f c + i g', c + Math.max(g, 2 ** fraction), bits + 1, 'then saturated to c'),
    ...(halfUp > 0
      ? [proof('cell', 'o tanh(s c) + 1/2', halfUp, (squashMax > 4095 ? 13 : 12) + 2)]
      : []),
  ];
}

/** Every width of a design that could overflow. */
export function proveWidths(design: Design): WidthProof[] {
  const maxima = inputMaxima(design.model);
  const matrices = arrayMatrices(design);
  return [
    ...design.jobs.flatMap((job, j) => jobWidths(design, job, matrices[j], maxima)),
    ...cellWidths(design),
  ];
}
