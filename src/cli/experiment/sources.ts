/** Where descriptions of experiments and their data are. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatasetSpec } from '../../data/dataset-spec.js';
import { UserError } from '../../errors.js';
import { type Experiment, SIZE_NAMES, type SizeName } from '../../experiment/description.js';
import { planExperiment } from '../../experiment/plan.js';
import { packageRoot } from '../../package-root.js';
import { readExperimentFile } from '../../store/experiment-file.js';
import type { Context } from '../context.js';
import type { ExperimentFlags } from './flags.js';

/** Paths of the descriptions that come with the package, by name. */
export function shippedExperiments(): Map<string, string> {
  const folder = fileURLToPath(new URL('experiments/', packageRoot()));
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(
    names
      .filter((name) => name.endsWith('.json'))
      .map((name) => [name.slice(0, -'.json'.length), join(folder, name)]),
  );
}

export function findExperiment(nameOrFile: string): Experiment {
  if (nameOrFile.endsWith('.json')) return readExperimentFile(nameOrFile);
  const shipped = shippedExperiments();
  const path = shipped.get(nameOrFile);
  if (path !== undefined) return readExperimentFile(path);
  throw new UserError({
    where: 'experiment',
    given: JSON.stringify(nameOrFile),
    allowed: `must be one of ${[...shipped.keys()].join(', ')}, or a .json file that describes one`,
  });
}

/** Folder of the data files: asked for, of the environment, or beside the repository. */
export function dataFolder(given: string | undefined): string {
  return (
    given ?? process.env['HALFGATE_DATA'] ?? fileURLToPath(new URL('../shared/data', packageRoot()))
  );
}

export const PATHS = ['path', 'validPath', 'testPath'] as const;

export function dataPaths(spec: DatasetSpec): string[] {
  const paths = spec as Partial<Record<(typeof PATHS)[number], string | undefined>>;
  return PATHS.flatMap((name) => paths[name] ?? []);
}

interface Listed {
  readonly name: string;
  readonly title: string;
  /** By size; paths within the folder of the data. */
  readonly data: readonly { readonly size: SizeName; readonly files: readonly string[] }[];
}

function listedText({ name, title, data }: Listed, folder: string): string {
  const isOne = data.every(({ files }) => files.join() === data[0].files.join());
  const lines = (isOne ? [data[0]] : data).map(({ size, files }) => {
    const missing = files.filter((file) => !existsSync(resolve(folder, file)));
    const state = missing.length === 0 ? 'found' : `missing: ${missing.join(', ')}`;
    return `  data${isOne ? '' : `, ${size}`}: ${files.join(', ') || 'none'} (${state})`;
  });
  return [`${name}: ${title}`, ...lines].join('\n');
}

export function listExperiments(flags: ExperimentFlags, context: Context): void {
  const folder = dataFolder(flags.data);
  const found = [...shippedExperiments()].map(([name, path]): Listed => {
    const experiment = readExperimentFile(path);
    const data = SIZE_NAMES.map((size) => ({
      size,
      files: dataPaths(planExperiment(experiment, size).spec),
    }));
    return { name, title: experiment.title, data };
  });
  const text = found.map((one) => listedText(one, folder)).join('\n');
  context.result({ folder, experiments: found }, `${text}\n\ndata folder: ${folder}`);
}
