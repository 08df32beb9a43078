/**
 * One matrix product on a plain systolic array, stationary in weights, outputs or inputs: what SCALE-Sim and other
 * tools for single products report, in closed form. The accelerator of a Design is not that (closed-form.ts): it
 * overlaps folds, keeps weights, and knows what an LSTM step waits for.
 *
 * [M, K] inputs times [K, N] weights. Each dataflow lays two of the dimensions over the array's rows and columns
 * and streams the third; a part of the product that fits the array at once is a fold.
 */

export const GEMM_DATAFLOWS = ['ws', 'os', 'is'] as const;
/** What stays in the processing elements: weights, outputs, inputs. */
export type GemmDataflow = (typeof GEMM_DATAFLOWS)[number];

export interface Gemm {
  /** Rows of the input: batch, or batch times steps. */
  readonly m: number;
  readonly k: number;
  /** Columns of the weights: outputs. */
  readonly n: number;
  /** PEs. */
  readonly rows: number;
  readonly columns: number;
  readonly dataflow: GemmDataflow;
  /** Absent: memory never keeps the array waiting. */
  readonly memory?: GemmMemory | undefined;
}

/**
 * Three memories behind the array, each half in use and half being filled (or emptied), words of one byte. Cycles begin
 * when the first halves are full, and end when the last output is in the third memory.
 */
export interface GemmMemory {
  /** Words per cycle from off chip into each of the first two, and out of the third. */
  readonly bandwidth: number;
  /** Words. */
  readonly inputSize: number;
  readonly weightSize: number;
  readonly outputSize: number;
}

export interface GemmReport {
  /** From the first weight or operand that moves to the last output that has left, stalls included. */
  readonly cycles: number;
  readonly stallCycles: number;
  /** Of one fold. */
  readonly foldCycles: number;
  readonly folds: number;
  /** Multiply-accumulates over PEs times cycles, 0..1. */
  readonly utilization: number;
  /** PEs with work over all, while a fold runs. */
  readonly mappingEfficiency: number;
  /** Words that the array reads from and writes to the memories behind it. */
  readonly reads: { readonly input: number; readonly weight: number };
  readonly writes: { readonly output: number };
  /** Words moved from and to off chip. */
  readonly dram: { readonly input: number; readonly weight: number; readonly output: number };
}

const ceil = (a: number, b: number): number => Math.ceil(a / b);

/** The dimensions over rows and columns of the array, and the streamed one. */
function mapped({ m, k, n, dataflow }: Gemm): readonly [number, number, number] {
  if (dataflow === 'ws') return [k, n, m];
  return dataflow === 'os' ? [m, n, k] : [k, m, n];
}

/** @throws {RangeError} for a size that is no positive integer. */
export function checkGemm(gemm: Gemm): void {
  const sizes: [string, number][] = [
    ...(['m', 'k', 'n', 'rows', 'columns'] as const).map((name): [string, number] => [
      name,
      gemm[name],
    ]),
    ...(gemm.memory
      ? (['inputSize', 'weightSize', 'outputSize'] as const).map((name): [string, number] => [
          name,
          gemm.memory![name],
        ])
      : []),
  ];
  for (const [name, value] of sizes) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name}: ${value} is not a positive integer`);
    }
  }
  const { memory } = gemm;
  if (memory && !(Number.isFinite(memory.bandwidth) && memory.bandwidth > 0)) {
    throw new RangeError(`bandwidth: ${memory.bandwidth} is not a positive number`);
  }
}

/**
 * Folds one after the other. Of a fold whose stationary operand has to be brought in (ws, is) that takes R cycles, then
 * T vectors follow, each row a cycle behind the one above, each column behind its neighbour: 2R + C + T - 2. Outputs
 * that stay (os) leave through the columns when the last operand has reached the last PE, R more: the same sum.
 * Sources: S. Samajdar et al., ISPASS 2020, section 3 (2R + C + T - 2).
 *
 * Operands of a fold are brought in while the fold before runs, each at the bandwidth; an operand that fits the half
 * of its memory that is in use is brought in once. Sums over the folds of K stay behind the array.
 *
 * @throws {RangeError} for a size that is no positive integer
 */
export function simulateGemm(gemm: Gemm): GemmReport {
  checkGemm(gemm);
  const { m, k, n, rows, columns, dataflow, memory } = gemm;
  const [overRows, overColumns, streamed] = mapped(gemm);
  const [rowFolds, columnFolds] = [ceil(overRows, rows), ceil(overColumns, columns)];
  const folds = rowFolds * columnFolds;
  const foldCycles = 2 * rows + columns + streamed - 2;
  const reads = {
    input: dataflow === 'is' ? m * k : m * k * ceil(n, columns),
    weight: dataflow === 'ws' ? k * n : k * n * ceil(m, dataflow === 'os' ? rows : columns),
  };
  // Sums of ws and is are written once per fold of K.
  const writes = { output: dataflow === 'os' ? m * n : m * n * ceil(k, rows) };
  const fits = (words: number, size: number): boolean => words <= Math.floor(size / 2);
  const dram = {
    input: memory && !fits(m * k, memory.inputSize) ? reads.input : m * k,
    weight: memory && !fits(k * n, memory.weightSize) ? reads.weight : k * n,
    output: m * n,
  };
  // What fills the half in use is there before the first cycle; what the last half holds leaves after the last. The rest
  // moves evenly over the folds: in for the next one, out of the one before.
  const moving = (words: number, size: number): number => Math.max(0, words - Math.floor(size / 2));
  const moved = memory
    ? Math.max(
        moving(dram.input, memory.inputSize),
        moving(dram.weight, memory.weightSize),
        moving(dram.output, memory.outputSize),
      )
    : 0;
  const perFold = memory ? ceil(ceil(moved, folds), memory.bandwidth) : 0;
  const stallCycles = folds * Math.max(0, perFold - foldCycles);
  const cycles = folds * foldCycles + stallCycles;
  return {
    ...{ cycles, stallCycles, foldCycles, folds },
    utilization: (m * k * n) / (cycles * rows * columns),
    mappingEfficiency: (overRows * overColumns) / (folds * rows * columns),
    ...{ reads, writes, dram },
  };
}

/** What SCALE-Sim (v2, v3) reports of a product, in its own units. */
export interface ScaleSimReport {
  readonly totalCycles: number;
  readonly stallCycles: number;
  readonly overallUtilization: number;
  readonly mappingEfficiency: number;
  readonly computeUtilization: number;
  readonly sramInputReads: number;
  readonly sramWeightReads: number;
  readonly sramOutputWrites: number;
}

/**
 * SCALE-Sim's figures, its slips included, so that both can stand side by side: the cycle count is the index of the last
 * cycle (one too few); outputs of os leave before they are complete (R too few per fold) and are counted once more
 * for every row and column; the utilization of ws and is divides by C - 1 cycles too many per fold. Percentages are 0..100.
 *
 * Derived from its answers (commit 1d62b68a), not from its code; the stalls of a finite memory are `stalls`.
 */
export function scaleSim(gemm: Gemm, stalls = 0): ScaleSimReport {
  checkGemm(gemm);
  const { m, k, n, rows, columns, dataflow } = gemm;
  const [overRows, overColumns, streamed] = mapped(gemm);
  const folds = ceil(overRows, rows) * ceil(overColumns, columns);
  const isOs = dataflow === 'os';
  const foldCycles = (isOs ? rows : 2 * rows) + columns + streamed - 2;
  const busyCycles = isOs ? foldCycles : 2 * rows + 2 * columns + streamed - 3;
  const totalCycles = folds * foldCycles - 1 + stalls;
  const { reads, writes } = simulateGemm({ ...gemm, memory: undefined });
  const cells = rows * columns;
  return {
    ...{ totalCycles, stallCycles: stalls },
    overallUtilization: (100 * m * k * n) / (totalCycles * cells),
    mappingEfficiency: (100 * overRows * overColumns) / (folds * cells),
    computeUtilization: (100 * overRows * overColumns * streamed) / (folds * cells * busyCycles),
    sramInputReads: reads.input,
    sramWeightReads: reads.weight,
    sramOutputWrites: writes.output + (isOs ? folds * (rows + columns) : 0),
  };
}
