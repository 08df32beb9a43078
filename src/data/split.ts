/** Parts for training, validation and test. */
import { UserError } from '../errors.js';
import { Random } from '../model/random.js';

/** Parts of the whole for training, validation and test, in this order; they add up to 1. */
export type SplitParts = readonly [train: number, valid: number, test: number];

export const DEFAULT_SPLIT: SplitParts = [0.8, 0.1, 0.1];

export function checkSplit(split: SplitParts): void {
  const sum = split[0] + split[1] + split[2];
  if (split.some((part) => !(part >= 0)) || split[0] === 0 || Math.abs(sum - 1) > 1e-9) {
    throw new UserError({
      where: 'split',
      given: split.map((part) => `${Math.round(part * 1e4) / 100}`).join('/'),
      allowed: 'three parts that add up to 100, the first above 0',
      hint: 'for example 80/10/10',
    });
  }
}

/** The split of a training file whose test part is another file. */
export function withoutTest([train, valid]: SplitParts): SplitParts {
  const share = valid / (train + valid);
  return [1 - share, share, 0];
}

/** `80/10/10` */
export function splitText(split: SplitParts): string {
  return split.map((part) => Math.round(part * 100)).join('/');
}

/** Lengths of the three parts of `count`: floors, and the rest to the test part. */
export function splitLengths(count: number, split: SplitParts): [number, number, number] {
  const train = Math.floor(count * split[0] + 1e-9);
  const valid = Math.floor(count * split[1] + 1e-9);
  return split[2] === 0 ? [count - valid, valid, 0] : [train, valid, count - train - valid];
}

/** Items dealt to three parts by the seed; within a part they keep their order. */
export function dealParts<T>(
  items: readonly T[],
  split: SplitParts,
  seed: number,
): [T[], T[], T[]] {
  const order = new Random(seed).shuffle(Array.from(items, (_, k) => k));
  const [train, valid] = splitLengths(items.length, split);
  const part = (from: number, to: number): T[] =>
    order
      .slice(from, to)
      .sort((a, b) => a - b)
      .map((index) => items[index]);
  return [part(0, train), part(train, train + valid), part(train + valid, items.length)];
}

/** Separate files: validation without test would leave nothing to report on. */
export function checkPartPaths(paths: {
  validPath?: string | undefined;
  testPath?: string | undefined;
}): void {
  if (paths.validPath === undefined || paths.testPath !== undefined) return;
  throw new UserError({
    where: paths.validPath,
    given: 'a validation file without a test file',
    allowed: 'give both, the test file alone, or neither',
  });
}
