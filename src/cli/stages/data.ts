import { resolve } from 'node:path';
import { datasetName } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { UserError } from '../../errors.js';
import { type DatasetSpec, loadDataset } from '../../data/dataset-spec.js';
import type { DatasetFile } from '../../store/dataset-file.js';
import type { RunFolder } from '../../store/run-folder.js';

/** The spec with absolute paths, so that it can be loaded again from anywhere. */
export function absoluteSpec(spec: DatasetSpec): DatasetSpec {
  if (spec.kind === 'corpus') return spec;
  if (spec.kind === 'text') return { ...spec, path: resolve(spec.path) };
  const { path, testPath } = spec;
  const test = testPath === undefined ? {} : { testPath: resolve(testPath) };
  return { ...spec, path: resolve(path), ...test };
}

/** Record the data in the run folder; a run of other data is refused. */
export function recordDataset(run: RunFolder, spec: DatasetSpec, loaded: Loaded): DatasetFile {
  const { dataset, sha256, summary, notes } = loaded;
  const labels = [...(dataset.kind === 'text' ? dataset.symbols : dataset.classes)];
  const file = { spec, name: datasetName(spec), sha256, summary, notes: [...notes], labels };
  run.setDataset(file);
  return file;
}

/** The data of the run, as it was when the run began. */
export function reopenDataset(run: RunFolder): Loaded {
  const { spec, sha256, name } = run.dataset();
  const loaded = loadDataset(spec);
  if (loaded.sha256 === sha256) return loaded;
  throw new UserError({
    where: spec.kind === 'corpus' ? name : spec.path,
    given: `the data changed since the run began (sha256 ${loaded.sha256.slice(0, 12)})`,
    allowed: `${run.datasetPath} says ${sha256.slice(0, 12)}`,
    hint: 'train in another --run folder',
  });
}
