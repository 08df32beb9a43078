import { type DatasetSpec, datasetName, loadDataset } from '../../data/dataset-spec.js';
import type { Loaded } from '../../data/loaded.js';
import { UserError } from '../../errors.js';
import type { Dataset } from '../../model/dataset.js';
import type { DatasetFile } from '../../store/dataset-file.js';
import type { RunFolder } from '../../store/run-folder.js';

export { absoluteSpec } from '../../data/dataset-spec.js';

/** Symbols of a text, classes of series, tags of sentences, the name of a real target. */
function labelsOf(dataset: Dataset): readonly string[] {
  switch (dataset.kind) {
    case 'text':
      return dataset.symbols;
    case 'series':
      return dataset.classes;
    case 'tagging':
      return dataset.tags;
    case 'regression':
      return [dataset.target.name];
  }
}

/** Record the data in the run folder; a run of other data is refused. */
export function recordDataset(run: RunFolder, spec: DatasetSpec, loaded: Loaded): DatasetFile {
  const { dataset, sha256, summary, notes } = loaded;
  const labels = [...labelsOf(dataset)];
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
