/** Progress on stderr: one line that updates on a terminal, a line every few seconds elsewhere. */

export interface ProgressSink {
  /** fraction: 0..1; secondsLeft: NaN while unknown. */
  update(fraction: number, text: string, secondsLeft: number): void;
  /** A line that stays. */
  note(text: string): void;
  /** Takes the updating line away. */
  clear(): void;
}

const TTY_MS = 100;
const PLAIN_MS = 5000;

/** `42 s`, `3:07 min`, `1:02 h` */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))} h`;
}

export function progressLine(fraction: number, text: string, secondsLeft: number): string {
  const percent = `${String(Math.floor(Math.min(1, Math.max(0, fraction)) * 100)).padStart(3)} %`;
  const left = Number.isFinite(secondsLeft) ? `, ${durationText(secondsLeft)} left` : '';
  return `${percent}  ${text}${left}`;
}

interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export function streamProgress(
  stream: Stream,
  now: () => number = () => performance.now(),
): ProgressSink {
  const isTty = stream.isTTY === true;
  let shown = -Infinity;
  let isLineOpen = false;
  const clear = (): void => {
    if (isLineOpen) stream.write('\r\x1b[K');
    isLineOpen = false;
  };
  return {
    update(fraction, text, secondsLeft) {
      if (now() - shown < (isTty ? TTY_MS : PLAIN_MS)) return;
      shown = now();
      const line = progressLine(fraction, text, secondsLeft);
      if (isTty) {
        stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
        isLineOpen = true;
      } else stream.write(`${line}\n`);
    },
    note(text) {
      clear();
      stream.write(`${text}\n`);
    },
    clear,
  };
}

export const silentProgress: ProgressSink = { update() {}, note() {}, clear() {} };

/** Time left at the pace so far, from the first call on; steadier than a pace of single steps. */
export function pace(now: () => number = () => performance.now()): (fraction: number) => number {
  const begun = now();
  let first: number | undefined;
  return (fraction) => {
    first ??= fraction;
    const done = fraction - first;
    return done > 0 ? ((now() - begun) / 1000 / done) * (1 - fraction) : NaN;
  };
}
