/** Series with a target at every step -> windows with one target each, and their scales. */
import { UserError } from '../errors.js';
import type { RegressionCase, RegressionDataset } from '../model/dataset.js';
import { type Normalization, ranges, statistics } from './normalization.js';

/** What a series loader reads before windows are cut. */
export interface TargetSeries {
  /** [timeSteps, channels] row-major, in the channels' own units. */
  readonly values: Float32Array;
  /** [timeSteps], the target at each step. */
  readonly targets: ArrayLike<number>;
}

export interface WindowOptions {
  /** Steps of a window; default the whole series as one. */
  readonly window?: number | undefined;
  /** Steps from the begin of a window to that of the next; default 1. */
  readonly stride?: number | undefined;
}

/** `range`: smallest to largest value of training become -1 to 1. `deviation`: (value - mean) / (4 std). */
export type NormalizationName = 'range' | 'deviation';

export function checkWindow({ window, stride }: WindowOptions): void {
  for (const [where, value] of Object.entries({ window, stride })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new UserError({ where, given: `${value}`, allowed: 'must be an integer of at least 1' });
  }
}

function windowAt(
  { values, targets }: TargetSeries,
  channels: number,
  from: number,
  to: number,
): RegressionCase {
  return { values: values.subarray(from * channels, to * channels), target: targets[to - 1] };
}

/**
 * Windows that begin at 0, stride, 2 stride, ...; the target is that of the last step. A series shorter
 * than a window is one case of its own length. The windows share the memory of the series.
 */
export function windowsOf(
  series: readonly TargetSeries[],
  channels: number,
  { window, stride = 1 }: WindowOptions,
): RegressionCase[] {
  return series.flatMap((one) => {
    const steps = one.targets.length;
    const length = Math.min(window ?? steps, steps);
    const count = Math.floor((steps - length) / stride) + 1;
    return Array.from({ length: count }, (_, k) =>
      windowAt(one, channels, k * stride, k * stride + length),
    );
  });
}

/** The last window of each series, or the whole of a shorter one. */
export function lastWindows(
  series: readonly TargetSeries[],
  channels: number,
  window: number,
): RegressionCase[] {
  return series.map((one) => {
    const steps = one.targets.length;
    return windowAt(one, channels, Math.max(0, steps - window), steps);
  });
}

/** Scales of the channels by all steps of the training series, each counted once. */
export function normalizationOf(
  series: readonly TargetSeries[],
  channels: number,
  name: NormalizationName,
): Normalization {
  return name === 'range' ? ranges(series, channels) : statistics(series, channels);
}

/** Maps the training targets to -1..1. */
export function targetScale(
  name: string,
  cases: readonly RegressionCase[],
): RegressionDataset['target'] {
  let [low, high] = [Infinity, -Infinity];
  for (const { target } of cases) {
    if (target < low) low = target;
    if (target > high) high = target;
  }
  return { name, mean: (low + high) / 2, gain: high > low ? 2 / (high - low) : 0 };
}
