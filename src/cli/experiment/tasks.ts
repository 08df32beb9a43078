/** The cells of an experiment that are still to do, each in a process of its own. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type PlannedRun, runsInOrder } from '../../experiment/plan.js';
import { cellSeconds } from '../../experiment/work.js';
import { runChild } from '../child.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { presentCells } from '../stages/experiment-cell.js';
import type { Task } from '../task-graph.js';
import { dataFolder } from './sources.js';
import { checkOnly, type Trial } from './trial.js';

/** A cell in a process of its own; what it says is told with its seed, and a failure with its name. */
async function runCellChild(
  args: readonly string[],
  seed: string,
  name: string,
  tell: (fraction: number, text: string) => void,
  { progress, signal }: Context,
): Promise<void> {
  try {
    await runChild(args, {
      onProgress: (fraction, text) => tell(fraction, `${seed} ${text.replace(/^train /, '')}`),
      onNote: (text) => {
        if (text.includes('resuming')) progress.note(`${seed} ${text}`);
      },
      signal,
    });
  } catch (error) {
    if (!(error instanceof StageFailure)) throw error;
    throw new StageFailure(`${seed} ${name}: ${error.message.replace(/^experiment: /, '')}`);
  }
}

export function cellTasks(trial: Trial, context: Context): Task[] {
  const { plan, spec, loaded, settings, nameOrFile, flags, path } = trial;
  const runs = runsInOrder(plan.runs, checkOnly(plan, flags.only));
  const file = nameOrFile.endsWith('.json') ? resolve(nameOrFile) : nameOrFile;
  return settings.flatMap((setting) => {
    const { seed } = setting;
    const present = presentCells(setting, spec, loaded.sha256);
    const waiting = new Set<string>();
    const wait = ({ name, from }: PlannedRun): void => {
      waiting.add(name);
      const source = runs.find((run) => run.name === from);
      if (source === undefined || waiting.has(source.name)) return;
      // The model that it starts from must be there too, not only its figures.
      const hasModel = existsSync(setting.folder.file(source.name, 'model.json'));
      if (!present.has(source.name) || !hasModel) wait(source);
    };
    for (const run of runs) if (flags.force === true || !present.has(run.name)) wait(run);
    return runs
      .filter(({ name }) => waiting.has(name))
      .map((run): Task => ({
        name: `seed ${seed} ${run.name}`,
        after: run.from !== undefined && waiting.has(run.from) ? [`seed ${seed} ${run.from}`] : [],
        seconds: cellSeconds(run, loaded.dataset),
        run: (tell) =>
          runCellChild(
            [
              ...['experiment', file, '--size', plan.size, '--seeds', String(seed)],
              ...['--cell', run.name, '--data', dataFolder(flags.data), '--run', path],
              ...['--engine', flags.engine, ...(flags.force ? ['--force'] : [])],
            ],
            `seed ${seed}`,
            run.name,
            tell,
            context,
          ),
      }));
  });
}
