/**
 * How weights come from off chip: once for every step, in the order in which the schedule uses them, as beats of a
 * stream that fill one half of a buffer while the array reads the other.
 *
 * A *line* holds the weights of a few consecutive operands of a pass, of all rows of the array. A row's share of it is
 * an *item*: dense bits, or trits, five to a byte. A pass begins with a line of its own; so does the image of a step.
 * Items begin with a beat, or share one with those of the next rows, or of the next line; what does not fit is zero.
 */
import type { ArrayFormat } from './array.js';
import type { Job, WeightStream } from './design.js';

export const MIN_STREAM_BITS = 8;
export const MAX_STREAM_BITS = 512;
export const DEFAULT_STREAM_BITS = 32;
/** Operands that a half may be asked to hold. */
export const MAX_BUFFER_OPERANDS = 65536;

/** Trits in a byte: 3^5 = 243 of its 256 values. */
export const TRITS_PER_BYTE = 5;
/** Longer lines make banks wide and the choice behind them deep. */
const MAX_PER_LINE = 8;
/** A shorter line is taken where it costs at most this much more of the stream. */
const WORTH_A_SHORTER_LINE = 1.1;

/** Whether weights come as trits. */
export function comesAsTrits({ kind }: Pick<ArrayFormat, 'kind'>): boolean {
  return kind === 'ternary';
}

type Arrangement = Omit<WeightStream, 'halfLines' | 'lines'>;

function largestPower(most: number): number {
  return 2 ** Math.floor(Math.log2(most));
}

/** How items of this many operands share the beats. */
function arrange(bits: number, perLine: number, rows: number, array: ArrayFormat): Arrangement {
  const weights = perLine * array.pack;
  const itemBits = comesAsTrits(array)
    ? 8 * Math.ceil(weights / TRITS_PER_BYTE)
    : weights * array.weightBits;
  const common = { bits, perLine, itemBits };
  const fit = Math.floor(bits / itemBits);
  if (fit === 0) {
    const beatsPerItem = Math.ceil(itemBits / bits);
    return { ...common, rowsPerWrite: 1, beatsPerItem, linesPerBeat: 1 };
  }
  const linesPerBeat = fit >= rows ? largestPower(Math.floor(fit / rows)) : 1;
  return { ...common, rowsPerWrite: Math.min(fit, rows), beatsPerItem: 1, linesPerBeat };
}

/** Writes that a line takes: so many rows each. */
export function writesPerLine({ rowsPerWrite }: Arrangement, rows: number): number {
  return Math.ceil(rows / rowsPerWrite);
}

/** Beats of this many lines that begin with a beat. */
export function beatsOfLines(stream: Arrangement, rows: number, lines: number): number {
  const { beatsPerItem, linesPerBeat } = stream;
  return Math.ceil(lines / linesPerBeat) * writesPerLine(stream, rows) * beatsPerItem;
}

/** Lines of one fold of a job. */
function linesPerFold({ passes }: Job, perLine: number): number {
  return passes.reduce((sum, { k }) => sum + Math.ceil(k / perLine), 0);
}

/** Lines of a step: every fold of every job, a head that only runs after the last step included. */
function linesOfStep(jobs: readonly Job[], perLine: number): number {
  return jobs.reduce((sum, job) => sum + job.folds * linesPerFold(job, perLine), 0);
}

/** First line of each job in the image of a step. */
export function jobLines(
  jobs: readonly Job[],
  { perLine }: Pick<WeightStream, 'perLine'>,
): number[] {
  let line = 0;
  return jobs.map((job) => {
    const first = line;
    line += job.folds * linesPerFold(job, perLine);
    return first;
  });
}

/** Beats in which the weights of a step come. */
export function beatsPerImage(stream: WeightStream, rows: number): number {
  return beatsOfLines(stream, rows, stream.lines);
}

/** Fewest cycles in which they can come: a beat a cycle, but for beats of several lines, which take one each. */
export function cyclesPerImage(stream: WeightStream, rows: number): number {
  return beatsPerImage(stream, rows) * stream.linesPerBeat;
}

/**
 * Lines as short as they can be without making the stream more than a tenth longer; halves that hold the longest
 * pass, or as many operands as asked for, rounded up to a power of two of lines.
 */
export function planWeightStream(
  { rows, array, jobs }: { rows: number; array: ArrayFormat; jobs: readonly Job[] },
  bits = DEFAULT_STREAM_BITS,
  bufferOperands?: number,
): WeightStream {
  const choices = Array.from({ length: MAX_PER_LINE }, (_, n) => {
    const arrangement = arrange(bits, n + 1, rows, array);
    const lines = linesOfStep(jobs, n + 1);
    return { ...arrangement, lines, beats: beatsOfLines(arrangement, rows, lines) };
  });
  const fewest = Math.min(...choices.map(({ beats }) => beats));
  const { beats: _, ...chosen } = choices.find(
    ({ beats }) => beats <= WORTH_A_SHORTER_LINE * fewest,
  )!;
  const longest = Math.max(...jobs.flatMap(({ passes }) => passes.map(({ k }) => k)));
  const wanted = Math.ceil((bufferOperands ?? longest) / chosen.perLine);
  const halfLines = 2 ** Math.ceil(Math.log2(Math.max(2, chosen.linesPerBeat, wanted)));
  return { ...chosen, halfLines };
}
