/** Where a design writes h: which signals show it, and what each write has to be. */
import type { Design, Job } from '../design/design.js';
import {
  drainOrder,
  hiddenTiles,
  isStationary,
  type StationaryDesign,
} from '../design/stationary.js';
import type { RtlSimulator } from '../eda/rtl-sim.js';
import { hiddenAddress } from '../emit/widths.js';
import { stationaryWidths } from '../emit/stationary-view.js';
import type { HiddenRun } from './golden-run.js';

/** One write of h: its value, and the address of the element. */
export interface HiddenWrite {
  readonly value: number;
  readonly address: number;
}

/** One of the places that write h, each in an order of its own: a column, or the one lane of all sequences. */
export interface HiddenWriter {
  readonly name: string;
  /** Signals that have to be kept for it. */
  readonly probes: readonly string[];
  /** What is being written in this cycle, if anything is. */
  read(rtl: RtlSimulator): HiddenWrite | undefined;
  /** Writes of a run. */
  count(run: HiddenRun): number;
  /** The n-th of them; `word`: where the run's h are, where that is not by its step. */
  expected(run: HiddenRun, n: number, word?: number): HiddenWrite;
}

/** An h as the signed number it is. */
function signed(design: Design, value: number): number {
  const shift = 32 - design.array.activationBits;
  return (value << shift) >> shift;
}

function columnWriter(design: Design, column: number): HiddenWriter {
  const [write, addr, data] = ['h_write', 'h_write_addr', 'h_write_data'].map(
    (name) => `u_column_${column}.${name}`,
  );
  return {
    name: `column ${column}`,
    probes: [write, addr, data],
    read: (rtl) =>
      rtl.getNumber(write) === 1
        ? { value: signed(design, rtl.getNumber(data)), address: rtl.getNumber(addr) }
        : undefined,
    count: ({ hidden }) => hidden[column].length,
    expected: ({ job, step, totalStep, hidden }, n, word) => {
      const first = word ?? hiddenAddress(design, job, design.sequence ? step : totalStep);
      return { value: hidden[column][n], address: design.array.pack * first + n };
    },
  };
}

/** The lane that all sequences share; an address is that of the row's memory, behind the row. */
function stationaryWriter(design: StationaryDesign): HiddenWriter {
  const names = ['h_write', 'h_write_row', 'h_write_addr', 'h_write_data'];
  const [write, row, addr, data] = names;
  const { rows, layers } = design;
  const { sequence: sequenceBits, hiddenAddr } = stationaryWidths(design);
  const place = (r: number, address: number): number => r * 2 ** hiddenAddr + address;
  const orders = new Map<Job, ReturnType<typeof drainOrder>>();
  const orderOf = (job: Job): ReturnType<typeof drainOrder> => {
    const order = orders.get(job) ?? drainOrder(design, job);
    orders.set(job, order);
    return order;
  };
  return {
    name: 'lane',
    probes: names,
    read: (rtl) =>
      rtl.getNumber(write) === 1
        ? {
            value: signed(design, rtl.getNumber(data)),
            address: place(rtl.getNumber(row), rtl.getNumber(addr)),
          }
        : undefined,
    count: ({ hidden }) => hidden.length * hidden[0].length,
    expected: ({ job, totalStep, hidden }, n) => {
      const { sequence, unit } = orderOf(job)[n];
      const bank = (totalStep % 2) * hiddenTiles(design, layers.length);
      const tile = bank + hiddenTiles(design, job.layer) + Math.floor(unit / rows);
      return {
        value: hidden[sequence][unit],
        address: place(unit % rows, tile * 2 ** sequenceBits + sequence),
      };
    },
  };
}

export function hiddenWriters(design: Design): readonly HiddenWriter[] {
  if (isStationary(design)) return [stationaryWriter(design)];
  return Array.from({ length: design.columns }, (_, column) => columnWriter(design, column));
}
