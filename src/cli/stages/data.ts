import { resolve } from 'node:path';
import { datasetName } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { UserError } from '../../errors.js';
import { type DatasetSpec, loadDataset } from '../../pipeline.js';
import type { RunFolder } from '../../store/run-folder.js';

/** Load the data and record it in the run folder. */
export function openDataset(run: RunFolder, spec: DatasetSpec): Loaded {
  const absolute: DatasetSpec =
    spec.kind === 'corpus'
      ? spec
      : spec.kind === 'text'
        ? { ...spec, path: resolve(spec.path) }
        : {
            ...spec,
            path: resolve(spec.path),
            ...(spec.testPath === undefined ? {} : { testPath: resolve(spec.testPath) }),
          };
  const loaded = loadDataset(absolute);
  const { dataset, sha256, summary, notes } = loaded;
  const labels = [...(dataset.kind === 'text' ? dataset.symbols : dataset.classes)];
  run.setDataset({
    spec: absolute,
    name: datasetName(spec),
    sha256,
    summary,
    notes: [...notes],
    labels,
  });
  return loaded;
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
