/** Scales of channels from the training part: x = (value - mean) * gain. */

export interface Normalization {
  /** Per channel. */
  readonly mean: readonly number[];
  /** Per channel, 0 for a constant one. */
  readonly gain: readonly number[];
}

/** Mean and gain per channel over all steps: gain = 1 / (4 std), 0 for a constant channel. */
export function statistics(
  series: readonly { readonly values: Float32Array }[],
  channels: number,
): { mean: number[]; gain: number[] } {
  const mean = new Array<number>(channels).fill(0);
  const square = new Array<number>(channels).fill(0);
  const steps = series.reduce((sum, { values }) => sum + values.length / channels, 0);
  for (const { values } of series)
    values.forEach((value, k) => (mean[k % channels] += value / steps));
  for (const { values } of series) {
    values.forEach(
      (value, k) => (square[k % channels] += (value - mean[k % channels]) ** 2 / steps),
    );
  }
  const gain = square.map((variance, c) => {
    const std = Math.sqrt(variance);
    return std <= 1e-7 * Math.abs(mean[c]) || std === 0 ? 0 : 1 / (4 * std);
  });
  return { mean, gain };
}

/** Per channel the smallest value becomes -1 and the largest 1; gain is 0 for a constant channel. */
export function ranges(
  series: readonly { readonly values: Float32Array }[],
  channels: number,
): { mean: number[]; gain: number[] } {
  const low = new Array<number>(channels).fill(Infinity);
  const high = new Array<number>(channels).fill(-Infinity);
  for (const { values } of series) {
    values.forEach((value, k) => {
      const c = k % channels;
      if (value < low[c]) low[c] = value;
      if (value > high[c]) high[c] = value;
    });
  }
  return {
    mean: low.map((value, c) => (value + high[c]) / 2),
    gain: low.map((value, c) => (high[c] > value ? 2 / (high[c] - value) : 0)),
  };
}

/** `channel sensor 5 is constant and carries nothing`, for each that is. */
export function constantNotes(
  gain: readonly number[],
  channelNames: readonly string[] | undefined,
): string[] {
  return gain.flatMap((value, c) =>
    value === 0 ? [`channel ${channelNames?.[c] ?? c + 1} is constant and carries nothing`] : [],
  );
}
