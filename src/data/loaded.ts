import type { Dataset } from '../model/dataset.js';

/** A dataset with what a report says about it. */
export interface Loaded<D extends Dataset = Dataset> {
  readonly dataset: D;
  /** sha256 of the content read, after unpacking. */
  readonly sha256: string;
  /** `87 symbols; 2606596 / 325824 / 325826 symbols of training / validation / test` */
  readonly summary: string;
  /** What the user should know: symbols replaced, splits chosen, constant channels. */
  readonly notes: readonly string[];
}
