/** What an experiment writes and prints. */
import { join } from 'node:path';
import { datasetName } from '../../data/dataset-spec.js';
import { resultsMarkdown } from '../../experiment/markdown.js';
import { resultsPage } from '../../experiment/page.js';
import { recipeText } from '../../experiment/plan.js';
import { plotFile } from '../../experiment/plot.js';
import { gatherResults, type Results } from '../../experiment/results.js';
import { checkText, madeText, roundTable, runTable } from '../../experiment/table.js';
import { packageVersion } from '../../package-root.js';
import { writeArtifact } from '../../store/artifact.js';
import { writeFileAtomic } from '../../store/atomic.js';
import { RESULTS } from '../../store/experiment-file.js';
import { presentCells } from '../stages/experiment-cell.js';
import { tableText } from '../table.js';
import { dataSummary, type Trial } from './trial.js';

/** The command that makes these results, as documents quote it. */
function commandText({ nameOrFile, flags, seeds }: Trial): string {
  const out = flags.out === undefined ? '' : ` --out ${flags.out}`;
  return `npm run experiment -- ${nameOrFile} --size ${flags.size} --seeds ${seeds.join(',')}${out}`;
}

export function collect(trial: Trial): Results {
  const { plan, spec, loaded, settings, seeds } = trial;
  const present = settings.map((setting) => presentCells(setting, spec, loaded.sha256));
  const { sha256, summary } = loaded;
  const reference = plan.runs.find(({ name }) => name === plan.experiment.reference)!;
  return gatherResults(
    plan,
    plan.runs.map(({ name }) => present.map((cells) => cells.get(name))),
    {
      seeds,
      data: { name: datasetName(spec), sha256, summary: dataSummary(summary, plan) },
      halfgate: packageVersion(),
      recipe: recipeText(reference.config(0), loaded.dataset.kind === 'text'),
      command: commandText(trial),
    },
  );
}

/** Writes all outputs; their paths. */
export function writeResults({ path, plan, flags }: Trial, results: Results): string[] {
  const files: string[] = [];
  const write = (file: string, text: string): void => {
    writeFileAtomic(file, text);
    files.push(file);
  };
  const { name } = plan.experiment;
  const json = join(path, 'results.json');
  writeArtifact(json, RESULTS, results);
  files.push(json);
  write(join(path, 'table.md'), resultsMarkdown(results, 'plot.svg'));
  write(join(path, 'plot.svg'), plotFile(results));
  write(join(path, 'index.html'), resultsPage(results));
  if (flags.out !== undefined) {
    write(join(flags.out, `${name}.md`), resultsMarkdown(results, `${name}.svg`));
    write(join(flags.out, `${name}.svg`), plotFile(results));
  }
  return files;
}

export function resultsText(results: Results, files: readonly string[]): string {
  const runs = runTable(results);
  const rounds = roundTable(results);
  return [
    results.title,
    '',
    tableText(runs.header, runs.rows),
    '',
    ...(rounds === undefined ? [] : [tableText(rounds.header, rounds.rows), '']),
    ...results.checks.map(checkText),
    ...(results.checks.length === 0 ? [] : ['']),
    madeText(results),
    `files: ${files.join(', ')}`,
  ].join('\n');
}
