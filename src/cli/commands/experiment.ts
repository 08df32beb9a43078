import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { ENGINE_NAMES } from '../../engine/create.js';
import { UserError } from '../../errors.js';
import { SIZE_NAMES } from '../../experiment/description.js';
import type { Context } from '../context.js';
import { Interrupted, StageFailure } from '../errors.js';
import type { ExperimentFlags } from '../experiment/flags.js';
import { collect, resultsText, writeResults } from '../experiment/outputs.js';
import { listExperiments, shippedExperiments } from '../experiment/sources.js';
import { cellTasks } from '../experiment/tasks.js';
import { openTrial, type Trial } from '../experiment/trial.js';
import { integer, list } from '../options.js';
import { cellStage } from '../stages/experiment-cell.js';
import { runTasks } from '../task-graph.js';

/** A cell of its own process: trains, writes, says nothing. */
async function runCell({ plan, settings, loaded, flags }: Trial, context: Context): Promise<void> {
  const [setting] = settings;
  const run = plan.runs.find(({ name }) => name === flags.cell);
  if (run === undefined || setting === undefined) {
    throw new UserError({ where: '--cell', given: JSON.stringify(flags.cell) });
  }
  const stage = { isForced: flags.force === true };
  const { value } = await cellStage(setting, loaded, run, stage, context);
  context.result(value, `${run.name}: ${value.evaluation.loss}`);
}

async function runExperiment(
  nameOrFile: string,
  flags: ExperimentFlags,
  context: Context,
): Promise<void> {
  const trial = openTrial(nameOrFile, flags, context);
  if (flags.cell !== undefined) return runCell(trial, context);
  // A failure stops the other cells just as Ctrl-C does.
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const tasks = cellTasks(trial, { ...context, signal });
  const jobs = flags.jobs ?? Math.max(1, Math.min(4, availableParallelism()));
  if (tasks.length > 0) {
    context.progress.note(
      `${trial.path}: ${tasks.length} cells to do, ${Math.min(jobs, tasks.length)} at a time`,
    );
  }
  await runTasks(
    tasks,
    jobs,
    ({ fraction, secondsLeft, text }) => {
      if (text !== '') context.progress.update(fraction, text, secondsLeft);
    },
    () => stop.abort(new Interrupted()),
  );
  const results = collect(trial);
  const files = writeResults(trial, results);
  context.result(
    { folder: trial.path, files, cells: tasks.length, results },
    resultsText(results, files),
  );
  const failed = results.checks.filter(({ status }) => status === 'failed').length;
  if (failed > 0) {
    throw new StageFailure(`${failed} of ${results.checks.length} checks failed`);
  }
}

export function register(program: Command, context: () => Context): void {
  program
    .command('experiment')
    .summary(
      "a paper's comparison again: trainings of several schemes and seeds, and what they show",
    )
    .description(
      "Run a paper's comparison from its description: every run with every seed, in processes of their own, " +
        'then a table, plots, and the checks that say whether the paper was reproduced. Ctrl-C keeps ' +
        'checkpoints; the same command goes on, and what is up to date is not run again.',
    )
    .argument('[experiment]', 'name of one that comes with halfgate (see --list), or a .json file')
    .option('--list', 'names, titles, and the data they need')
    .addOption(
      new Option('--size <name>', 'quick: minutes on one core; full: hours')
        .choices([...SIZE_NAMES])
        .default('quick'),
    )
    .option(
      '--seeds <list>',
      'seeds by comma (default: those of the description)',
      list(integer('--seeds', 0, 2 ** 31 - 1)),
    )
    .option('--jobs <n>', 'cells at a time (default: cores, at most 4)', integer('--jobs', 1, 64))
    .option('--data <dir>', 'folder of the data (default: $HALFGATE_DATA, else ../shared/data)')
    .option(
      '--only <runs>',
      'only these runs, and those they start from',
      list((name) => name),
    )
    .addOption(
      new Option('--engine <name>', 'what computes; auto: native where it is built, else wasm')
        .choices([...ENGINE_NAMES])
        .default('auto'),
    )
    .option('--run <dir>', 'folder (default runs/experiments/<name>-<size>)')
    .option('--out <dir>', 'write <name>.md and <name>.svg here too')
    .option('--force', 'run the cells again though nothing changed')
    .addOption(new Option('--cell <run>', 'one run of one seed, in this process').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  halfgate experiment --list
  halfgate experiment gates --seeds 1
  halfgate experiment loss-aware --size full --jobs 2 --out docs/results/experiments
  halfgate experiment mine.json --data ~/corpora`,
    )
    .action(async (name: string | undefined, flags: ExperimentFlags) => {
      if (flags.list === true) return listExperiments(flags, context());
      if (name === undefined) {
        throw new UserError({
          where: 'experiment',
          given: 'no name',
          allowed: `must be one of ${[...shippedExperiments().keys()].join(', ')}, or a .json file`,
        });
      }
      return runExperiment(name, flags, context());
    });
}
