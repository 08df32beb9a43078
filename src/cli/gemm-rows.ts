/** Matrix products as rows of a CSV file, in the columns that SCALE-Sim's results were collected in. */
import {
  type Gemm,
  GEMM_DATAFLOWS,
  type GemmDataflow,
  scaleSim,
  simulateGemm,
} from '../../sim/gemm.js';
import { checkWidth, columnOf, numberAt, type Row, readRows } from '../data/csv-rows.js';
import { readBytes } from '../data/read-file.js';
import { at } from '../data/series-file.js';
import { UserError } from '../errors.js';

/** Words in a KiB of memory: a word is a byte. */
const WORDS_PER_KIB = 1024;

/** Columns that say what the product is; those of memory count where `bandwidth` is not empty. */
const SIZES = ['M', 'K', 'N', 'array_rows', 'array_cols'] as const;
const MEMORY = ['ifmap_sram_kb', 'filter_sram_kb', 'ofmap_sram_kb'] as const;

export interface GemmRow {
  readonly line: number;
  /** Cells of the columns that say what ran, by name, as they were. */
  readonly about: Readonly<Record<string, string>>;
  readonly gemm: Gemm;
  /** What the file says that SCALE-Sim found, where it does. */
  readonly found?: { readonly totalCycles: number; readonly stallCycles: number } | undefined;
}

/** Columns that are copied to the result, as far as they are there. */
const ABOUT = [
  ...['tool', 'workload', 'kind', 'B', 'T', 'I', 'H', 'M', 'K', 'N', 'array_rows', 'array_cols'],
  ...['dataflow', 'mode', 'bandwidth', ...MEMORY],
] as const;

function dataflowAt(path: string, row: Row, column: number): GemmDataflow {
  const found = GEMM_DATAFLOWS.find((dataflow) => dataflow === row.cells[column]);
  if (found !== undefined) return found;
  throw new UserError({
    where: at(path, row.line, column + 1),
    given: JSON.stringify(row.cells[column]),
    allowed: `must be one of ${GEMM_DATAFLOWS.join(', ')}`,
  });
}

function positiveAt(path: string, row: Row, column: number, isWhole: boolean): number {
  const value = numberAt(path, row, column);
  if (value > 0 && (!isWhole || Number.isInteger(value))) return value;
  throw new UserError({
    where: at(path, row.line, column + 1),
    given: row.cells[column],
    allowed: isWhole ? 'must be a positive integer' : 'must be a positive number',
  });
}

/** @throws {UserError} naming line and column. */
export function readGemmRows(path: string): GemmRow[] {
  const [header, ...rows] = readRows(path, readBytes(path));
  const column = (name: string): number => columnOf(path, header, name, []);
  const optional = (name: string): number =>
    columnOf(path, header, undefined, [name.toLowerCase()]);
  const sizes = SIZES.map(column);
  const dataflow = column('dataflow');
  const bandwidth = optional('bandwidth');
  const [total, stall] = ['total_cycles', 'stall_cycles'].map(optional);
  const about = ABOUT.map((name): [string, number] => [name, optional(name)]).filter(
    ([, k]) => k >= 0,
  );
  return rows.map((row) => {
    checkWidth(path, row, header.cells.length, 'the header');
    const [m, k, n, arrayRows, arrayColumns] = sizes.map((c) => positiveAt(path, row, c, true));
    const isFinite = bandwidth >= 0 && row.cells[bandwidth] !== '';
    const words = (name: string): number =>
      WORDS_PER_KIB * positiveAt(path, row, column(name), true);
    return {
      line: row.line,
      about: Object.fromEntries(about.map(([name, c]) => [name, row.cells[c]])),
      gemm: {
        ...{ m, k, n, rows: arrayRows, columns: arrayColumns },
        dataflow: dataflowAt(path, row, dataflow),
        ...(isFinite && {
          memory: {
            bandwidth: positiveAt(path, row, bandwidth, false),
            inputSize: words(MEMORY[0]),
            weightSize: words(MEMORY[1]),
            outputSize: words(MEMORY[2]),
          },
        }),
      },
      ...(total >= 0 && {
        found: {
          totalCycles: numberAt(path, row, total),
          stallCycles: stall >= 0 ? numberAt(path, row, stall) : 0,
        },
      }),
    };
  });
}

/** Why our cycles without stalls are not SCALE-Sim's: docs/gemm.md. */
function reasonOf({ dataflow }: Gemm): string {
  const index = 'Q1 counts from 0';
  return dataflow === 'os' ? `${index}; Q2 outputs leave before they are complete` : index;
}

const percent = (value: number): string => String(Number((100 * value).toPrecision(10)));

/** A row of the result: what ran, ours (or SCALE-Sim's own rules), and how they differ. */
export function gemmResult(
  { about, gemm, found }: GemmRow,
  asScaleSim: boolean,
): Record<string, string> {
  const ours = simulateGemm(gemm);
  const theirs = scaleSim(gemm, found?.stallCycles);
  const [cycles, stalls] = asScaleSim
    ? [theirs.totalCycles, theirs.stallCycles]
    : [ours.cycles, ours.stallCycles];
  const busy = ours.cycles - ours.stallCycles - (theirs.totalCycles - theirs.stallCycles);
  return {
    ...about,
    total_cycles: String(cycles),
    stall_cycles: String(stalls),
    ...(asScaleSim
      ? {
          overall_util_pct: String(Number(theirs.overallUtilization.toPrecision(10))),
          mapping_eff_pct: String(Number(theirs.mappingEfficiency.toPrecision(10))),
          compute_util_pct: String(Number(theirs.computeUtilization.toPrecision(10))),
          sram_ifmap_reads: String(theirs.sramInputReads),
          sram_filter_reads: String(theirs.sramWeightReads),
          sram_ofmap_writes: String(theirs.sramOutputWrites),
        }
      : {
          overall_util_pct: percent(ours.utilization),
          mapping_eff_pct: percent(ours.mappingEfficiency),
          compute_util_pct: percent(
            (gemm.m * gemm.k * gemm.n) / ((cycles - stalls) * gemm.rows * gemm.columns),
          ),
          sram_ifmap_reads: String(ours.reads.input),
          sram_filter_reads: String(ours.reads.weight),
          sram_ofmap_writes: String(ours.writes.output),
          dram_ifmap_reads: String(ours.dram.input),
          dram_filter_reads: String(ours.dram.weight),
          dram_ofmap_writes: String(ours.dram.output),
          scalesim_compute_cycles: String(theirs.totalCycles - theirs.stallCycles),
          difference: String(busy),
          difference_because: reasonOf(gemm),
        }),
  };
}

/** How many rows of the file SCALE-Sim's rules give exactly, of those that say what it found. */
export function reproduced(rows: readonly GemmRow[]): {
  readonly equal: number;
  readonly of: number;
} {
  const known = rows.flatMap(({ gemm, found }) => (found ? [{ gemm, found }] : []));
  const equal = known.filter(
    ({ gemm, found }) => scaleSim(gemm, found.stallCycles).totalCycles === found.totalCycles,
  );
  return { equal: equal.length, of: known.length };
}

/** A cell of CSV: in quotes where it holds a comma or a quote. */
const cell = (text: string): string =>
  /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

export function csvText(rows: readonly Readonly<Record<string, string>>[]): string {
  const names = Object.keys(rows[0]);
  const lines = [names, ...rows.map((row) => names.map((name) => row[name]))];
  return `${lines.map((cells) => cells.map(cell).join(',')).join('\n')}\n`;
}
