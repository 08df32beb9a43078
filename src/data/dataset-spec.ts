/** Where a dataset comes from, as plain data: a later stage, or a resumed run, loads the same again. */
import { basename, resolve } from 'node:path';
import type { RegressionDataset, TaggingDataset, TargetTagScheme } from '../model/dataset.js';
import { loadCmapss } from './cmapss.js';
import { CORPUS_NAME, loadCorpus } from './corpus.js';
import { loadEcg5000 } from './ecg5000.js';
import type { Loaded } from './loaded.js';
import { loadMnist } from './mnist.js';
import { loadRegressionCsv } from './regression-csv.js';
import type { NormalizationName } from './regression.js';
import { loadSeries } from './series.js';
import type { SplitParts } from './split.js';
import { loadStrikeWatch } from './strikewatch.js';
import { loadTagging } from './tagging.js';
import { loadText, type TextMode } from './text.js';
import type { TokenFeatureName } from './token-features.js';

export interface TextSpec {
  readonly kind: 'text';
  /** The whole text, or its training part where there are other files. */
  readonly path: string;
  readonly validPath?: string | undefined;
  readonly testPath?: string | undefined;
  readonly mode: TextMode;
  readonly maxSymbols: number;
  readonly split: SplitParts;
}

export interface CorpusSpec {
  readonly kind: 'corpus';
  readonly characters: number;
  readonly maxSymbols: number;
  readonly split: SplitParts;
}

export interface SeriesSpec {
  readonly kind: 'series';
  readonly path: string;
  readonly testPath?: string | undefined;
  readonly labelColumn?: string | undefined;
  readonly idColumn?: string | undefined;
  readonly timeColumn?: string | undefined;
  readonly split: SplitParts;
  readonly seed: number;
}

export interface MnistSpec {
  readonly kind: 'mnist';
  /** Folder of the four idx files. */
  readonly path: string;
  readonly order: 'rows' | 'pixels';
  readonly validCount?: number | undefined;
}

export interface EcgSpec {
  readonly kind: 'ecg5000';
  readonly path: string;
  readonly testPath: string;
  readonly validShare?: number | undefined;
  readonly seed: number;
}

export interface StrikeWatchSpec {
  readonly kind: 'strikewatch';
  /** Folder of the recordings. */
  readonly path: string;
  readonly person?: number | undefined;
}

export interface TaggingSpec {
  readonly kind: 'tagging';
  readonly path: string;
  readonly validPath?: string | undefined;
  readonly testPath?: string | undefined;
  /** 1-based. */
  readonly tokenColumn?: number | undefined;
  /** 1-based. */
  readonly tagColumn?: number | undefined;
  readonly scheme?: TargetTagScheme | undefined;
  readonly minCount?: number | undefined;
  readonly features?: readonly TokenFeatureName[] | undefined;
  readonly splitBy?: 'document' | 'sentence' | undefined;
  readonly split: SplitParts;
  readonly seed: number;
}

export interface CmapssSpec {
  readonly kind: 'cmapss';
  /** The training file; those of the test are found beside it. */
  readonly path: string;
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
  readonly maxLife?: number | undefined;
  readonly validShare?: number | undefined;
  readonly normalization?: NormalizationName | undefined;
  readonly columns?: readonly number[] | undefined;
  readonly seed: number;
}

export interface RegressionSpec {
  readonly kind: 'regression';
  readonly path: string;
  readonly testPath?: string | undefined;
  readonly targetColumn: string;
  readonly idColumn?: string | undefined;
  readonly timeColumn?: string | undefined;
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
  readonly normalization?: NormalizationName | undefined;
  readonly split: SplitParts;
  readonly seed: number;
}

export type DatasetSpec =
  | TextSpec
  | CorpusSpec
  | SeriesSpec
  | MnistSpec
  | EcgSpec
  | StrikeWatchSpec
  | TaggingSpec
  | CmapssSpec
  | RegressionSpec;

export function loadDataset(spec: TaggingSpec): Loaded<TaggingDataset>;
export function loadDataset(spec: CmapssSpec | RegressionSpec): Loaded<RegressionDataset>;
export function loadDataset(spec: DatasetSpec): Loaded;
export function loadDataset(spec: DatasetSpec): Loaded {
  switch (spec.kind) {
    case 'text':
      return loadText(spec.path, spec);
    case 'corpus':
      return loadCorpus(spec.characters, spec);
    case 'series':
      return loadSeries(spec.path, spec);
    case 'mnist':
      return loadMnist(spec.path, spec);
    case 'ecg5000':
      return loadEcg5000(spec.path, spec);
    case 'strikewatch':
      return loadStrikeWatch(spec.path, spec);
    case 'tagging':
      return loadTagging(spec.path, spec);
    case 'cmapss':
      return loadCmapss(spec.path, spec);
    case 'regression':
      return loadRegressionCsv(spec.path, spec);
  }
}

/** What people call it: a file name, or the built-in corpus. */
export function datasetName(spec: DatasetSpec): string {
  return spec.kind === 'corpus' ? CORPUS_NAME : basename(spec.path);
}

/** The spec with absolute paths, so that it can be loaded again from anywhere. */
export function absoluteSpec<S extends DatasetSpec>(spec: S): S {
  const paths = (['path', 'validPath', 'testPath'] as const).flatMap((name) => {
    const path = (spec as Partial<Record<typeof name, string | undefined>>)[name];
    return path === undefined ? [] : [[name, resolve(path)]];
  });
  return { ...spec, ...Object.fromEntries(paths) } as S;
}
