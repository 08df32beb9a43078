/** The clock of a board's design: the oscillator itself, or a clock generator's setting that comes nearest. */
import { UserError } from '../errors.js';
import type { Board } from './board.js';

/** How a clock generator is set. */
export interface PllSetting {
  readonly primitive: NonNullable<Board['clock']['pll']>;
  /** Parameters of the primitive, as Verilog text. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface CoreClock {
  /** What the design gets, exactly. */
  readonly mhz: number;
  /** Undefined: the oscillator's. */
  readonly pll: PllSetting | undefined;
}

interface Found {
  readonly mhz: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Of the settings those that come nearest; the first of equals. */
function nearest(target: number, settings: Iterable<Found>): Found | undefined {
  let best: Found | undefined;
  for (const setting of settings) {
    const isNearer =
      best === undefined || Math.abs(setting.mhz - target) < Math.abs(best.mhz - target) - 1e-9;
    if (isNearer) best = setting;
  }
  return best;
}

/** Upper limits in MHz of the phase detector's input for FILTER_RANGE 1, 2, 3, ...; TN1251 as icepll has it. */
const ICE40_FILTERS = [17, 26, 44, 66, 101, Infinity];

/** out = in / (DIVR + 1) * (DIVF + 1) / 2^DIVQ; phase detector 10..133 MHz, oscillator 533..1066 MHz (TN1251). */
function* ice40Settings(inMhz: number): Iterable<Found> {
  for (let divr = 0; divr < 16; divr++) {
    const detector = inMhz / (divr + 1);
    if (detector < 10 || detector > 133) continue;
    for (let divf = 0; divf < 128; divf++) {
      const oscillator = detector * (divf + 1);
      if (oscillator < 533 || oscillator > 1066) continue;
      for (let divq = 1; divq <= 6; divq++) {
        const filter = 1 + ICE40_FILTERS.findIndex((limit) => detector < limit);
        yield {
          mhz: oscillator / 2 ** divq,
          parameters: {
            FEEDBACK_PATH: '"SIMPLE"',
            DIVR: `4'd${divr}`,
            DIVF: `7'd${divf}`,
            DIVQ: `3'd${divq}`,
            FILTER_RANGE: `3'd${filter}`,
          },
        };
      }
    }
  }
}

/** out = in / CLKI_DIV * CLKFB_DIV; detector 3.125..400 MHz, out * CLKOP_DIV 400..800 MHz (FPGA-TN-02200). */
function* ecp5Settings(inMhz: number): Iterable<Found> {
  for (let inDivider = 1; inDivider <= 128; inDivider++) {
    const detector = inMhz / inDivider;
    if (detector < 3.125 || detector > 400) continue;
    for (let feedback = 1; feedback <= 80; feedback++) {
      const mhz = detector * feedback;
      const divider = Math.max(1, Math.min(128, Math.round(600 / mhz)));
      if (mhz * divider < 400 || mhz * divider > 800) continue;
      yield {
        mhz,
        parameters: {
          PLLRST_ENA: '"DISABLED"',
          INTFB_WAKE: '"DISABLED"',
          STDBY_ENABLE: '"DISABLED"',
          DPHASE_SOURCE: '"DISABLED"',
          CLKOP_ENABLE: '"ENABLED"',
          CLKI_DIV: String(inDivider),
          CLKFB_DIV: String(feedback),
          CLKOP_DIV: String(divider),
          CLKOP_CPHASE: String(divider - 1),
          CLKOP_FPHASE: '0',
          FEEDBK_PATH: '"CLKOP"',
        },
      };
    }
  }
}

/**
 * out = in * CLKFBOUT_MULT / CLKOUT0_DIVIDE; oscillator 800..1600 MHz, the slowest speed grade's limits (DS181);
 * the oscillator's clock is not divided first.
 */
function* xc7Settings(inMhz: number): Iterable<Found> {
  for (let multiplier = 2; multiplier <= 64; multiplier++) {
    const oscillator = inMhz * multiplier;
    if (oscillator < 800 || oscillator > 1600) continue;
    for (let divider = 1; divider <= 128; divider++) {
      yield {
        mhz: oscillator / divider,
        parameters: {
          CLKIN1_PERIOD: (1000 / inMhz).toFixed(3),
          CLKFBOUT_MULT: String(multiplier),
          CLKOUT0_DIVIDE: String(divider),
        },
      };
    }
  }
}

/** Relative deviation beyond which a clock is not what was asked for. */
const MOST_DEVIATION = 0.05;

/**
 * What makes the design's clock of `mhz` on a board.
 * @throws {UserError} where the board cannot make it
 */
export function coreClock({ name, family, clock }: Board, mhz = clock.coreMhz): CoreClock {
  if (mhz === clock.mhz) return { mhz, pll: undefined };
  const refuse = (allowed: string): UserError =>
    new UserError({ where: '--clock', given: `${mhz} MHz on ${name}`, allowed });
  if (clock.pll === null) {
    throw refuse(`the board has a clock of ${clock.mhz} MHz and nothing that makes another of it`);
  }
  const settings = { ecp5: ecp5Settings, xc7: xc7Settings }[family as string] ?? ice40Settings;
  const found = nearest(mhz, settings(clock.mhz));
  if (found === undefined || Math.abs(found.mhz - mhz) > MOST_DEVIATION * mhz) {
    const best = found === undefined ? '' : `; the nearest is ${found.mhz} MHz`;
    throw refuse(`${clock.pll} cannot make it of ${clock.mhz} MHz${best}`);
  }
  return { mhz: found.mhz, pll: { primitive: clock.pll, parameters: found.parameters } };
}

/** Fewest clocks of a bit that leave room to find its middle. */
const LEAST_CLOCKS_PER_BIT = 8;
/** A byte is ten bits: a bit's length may be off by less than half a bit in ten, on both sides together. */
const MOST_BAUD_ERROR = 0.02;

/**
 * Clocks that a bit of the UART lasts.
 * @throws {UserError} where the clock does not divide into that baud rate
 */
export function clocksPerBit(mhz: number, baud: number): number {
  const clocks = Math.round((1e6 * mhz) / baud);
  const error = Math.abs((1e6 * mhz) / clocks / baud - 1);
  if (clocks >= LEAST_CLOCKS_PER_BIT && error <= MOST_BAUD_ERROR) return clocks;
  throw new UserError({
    where: 'baud',
    given: `${baud} of a clock of ${mhz} MHz`,
    allowed:
      clocks < LEAST_CLOCKS_PER_BIT
        ? `a bit must last ${LEAST_CLOCKS_PER_BIT} clocks or more`
        : `is off by ${(100 * error).toFixed(1)} %, at most ${100 * MOST_BAUD_ERROR} % works`,
    hint: 'choose another --baud or --clock',
  });
}
