/** Where a dataset comes from, as plain data: a later stage, or a resumed run, loads the same again. */
import { basename } from 'node:path';
import { CORPUS_NAME, loadCorpus } from './corpus.js';
import type { Loaded } from './loaded.js';
import { loadSeries } from './series.js';
import { loadText, type SplitParts, type TextMode } from './text.js';

export type DatasetSpec =
  | {
      readonly kind: 'text';
      readonly path: string;
      readonly mode: TextMode;
      readonly maxSymbols: number;
      readonly split: SplitParts;
    }
  | {
      readonly kind: 'corpus';
      readonly characters: number;
      readonly maxSymbols: number;
      readonly split: SplitParts;
    }
  | {
      readonly kind: 'series';
      readonly path: string;
      readonly testPath?: string | undefined;
      readonly labelColumn?: string | undefined;
      readonly idColumn?: string | undefined;
      readonly timeColumn?: string | undefined;
      readonly split: SplitParts;
      readonly seed: number;
    };

export function loadDataset(spec: DatasetSpec): Loaded {
  switch (spec.kind) {
    case 'text':
      return loadText(spec.path, spec);
    case 'corpus':
      return loadCorpus(spec.characters, spec);
    case 'series':
      return loadSeries(spec.path, spec);
  }
}

/** What people call it: a file name, or the built-in corpus. */
export function datasetName(spec: DatasetSpec): string {
  return spec.kind === 'corpus' ? CORPUS_NAME : basename(spec.path);
}
