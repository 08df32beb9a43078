/** Only the beginning of each part of a dataset. */
import type { Dataset } from '../model/dataset.js';

/** Symbols of a text, cases or sentences of the other kinds; all of a part where it is not given. */
export interface DataLimit {
  readonly train?: number | undefined;
  readonly valid?: number | undefined;
  readonly test?: number | undefined;
}

/** The vocabulary, the classes and the normalization stay those of the whole dataset. */
export function limitDataset<D extends Dataset>(dataset: D, limit: DataLimit | undefined): D {
  if (limit === undefined) return dataset;
  const { train = Infinity, valid = Infinity, test = Infinity } = limit;
  return {
    ...dataset,
    train: dataset.train.slice(0, train),
    valid: dataset.valid.slice(0, valid),
    test: dataset.test.slice(0, test),
  };
}
