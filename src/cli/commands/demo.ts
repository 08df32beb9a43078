import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { reportPage } from '../../report/page.js';
import { writeFileAtomic } from '../../store/atomic.js';
import { RunFolder } from '../../store/run-folder.js';
import { runChild } from '../child.js';
import type { Context } from '../context.js';
import { Interrupted } from '../errors.js';
import { gatherReport } from '../gather-report.js';
import { durationText } from '../progress.js';
import { RUNS } from '../run-choice.js';
import { emitStage } from '../stages/emit.js';
import { quantizeStage } from '../stages/quantize.js';
import { simulateStage } from '../stages/simulate.js';
import { summaryMarkdown, summaryText } from '../summary.js';
import { packageVersion } from '../../package-root.js';
import { runTasks, type Task } from '../task-graph.js';
import { DEFAULT_TESTBENCH_STEPS } from './emit.js';

const DEMO_SCHEMES = ['int8', 'ternary-level3'] as const;
type DemoScheme = (typeof DEMO_SCHEMES)[number];

/** Small enough for the UP5K in int8, large enough to learn. */
const DEMO = {
  training:
    '--corpus 1000000 --max-symbols 64 --hidden 32 --embedding 16 --epochs 8 --lr 0.02 --seed 1'.split(
      ' ',
    ),
  rows: 4,
  columns: 1,
  device: 'up5k',
  profile: 'ice40-up5k',
  verifySteps: 64,
} as const;

/** Seconds on one core, to order tasks and to tell the time left. */
const SECONDS = {
  float: 20,
  int8: 22,
  'ternary-level3': 24,
  verify: 4,
  synth: { int8: 75, 'ternary-level3': 50 },
} as const;

export function register(program: Command, context: () => Context): void {
  program
    .command('demo')
    .summary('the whole road: train, quantize, simulate, emit, verify, synthesize, report')
    .description(
      'Train a character LSTM on the type declarations of the installed typescript package in three schemes, ' +
        'plan and simulate the accelerator, emit Verilog, verify it bit for bit and cycle for cycle, synthesize ' +
        'it for iCE40 UP5K, and write a report: about two minutes on two cores, with npm-installed tools alone.',
    )
    .option('--run <dir>', 'run folder', join(RUNS, 'demo'))
    .option('--force', 'do all of it again')
    .addHelpText(
      'after',
      `
Examples:
  halfgate demo
  halfgate demo --run /tmp/demo --force`,
    )
    .action((flags: { readonly run: string; readonly force?: boolean }) =>
      runDemo(flags.run, flags.force === true, context()),
    );
}

/** What takes seconds runs in child processes; the quick stages between run here. */
function demoTasks(run: RunFolder, isForced: boolean, context: Context): Task[] {
  const force = isForced ? ['--force'] : [];
  const told = new Set<string>();
  // Three trainings say the same about their data.
  const tellOnce = (text: string): void => {
    if (!told.has(text)) context.progress.note(text);
    told.add(text);
  };
  const child = (
    name: string,
    after: readonly string[],
    seconds: number,
    args: readonly string[],
  ): Task => ({
    name,
    after,
    seconds,
    run: (tell) =>
      runChild([...args, '--run', run.path, ...force], {
        onProgress: tell,
        onNote: tellOnce,
        signal: context.signal,
      }),
  });
  const train = (scheme: 'float' | DemoScheme): Task =>
    child(`train ${scheme}`, [], SECONDS[scheme], ['train', ...DEMO.training, '--scheme', scheme]);
  const design = (scheme: DemoScheme): Task => ({
    name: `plan ${scheme}`,
    after: [`train ${scheme}`],
    seconds: 1,
    run: async () => {
      const { rows, columns } = DEMO;
      const options = { rows, columns, isForced };
      await quantizeStage(run, scheme, options, context);
      await simulateStage(run, scheme, options);
      const { loadProfile } = await import('../../cost/profile.js');
      const { estimateStage } = await import('../stages/estimate.js');
      await estimateStage(run, scheme, loadProfile(DEMO.profile), options);
      await emitStage(run, scheme, { ...options, steps: DEFAULT_TESTBENCH_STEPS });
    },
  });
  const verify = (scheme: DemoScheme): Task => {
    const args = [
      'verify',
      '--scheme',
      scheme,
      '--engines',
      'npm',
      '--steps',
      String(DEMO.verifySteps),
    ];
    return child(`verify ${scheme}`, [`plan ${scheme}`], SECONDS.verify, args);
  };
  const synth = (scheme: DemoScheme): Task => {
    const args = ['synth', '--scheme', scheme, '--device', DEMO.device];
    return child(`synth ${scheme}`, [`plan ${scheme}`], SECONDS.synth[scheme], args);
  };
  return [
    train('int8'),
    train('ternary-level3'),
    ...DEMO_SCHEMES.map(design),
    ...DEMO_SCHEMES.map(synth),
    train('float'),
    ...DEMO_SCHEMES.map(verify),
  ];
}

async function runDemo(path: string, isForced: boolean, context: Context): Promise<void> {
  const run = new RunFolder(path);
  const begun = performance.now();
  // A failure stops the other tasks just as Ctrl-C does.
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const tasks = demoTasks(run, isForced, { ...context, signal });
  const slots = Math.max(1, Math.min(4, availableParallelism()));
  context.progress.note(
    `halfgate demo in ${path}: ${tasks.length} tasks on ${slots} core${slots === 1 ? '' : 's'}`,
  );
  await runTasks(
    tasks,
    slots,
    ({ fraction, secondsLeft, text }) => context.progress.update(fraction, text, secondsLeft),
    () => stop.abort(new Interrupted()),
  );
  const data = gatherReport(run, 'halfgate demo', DEMO.profile);
  writeFileAtomic(run.reportPath, reportPage(data));
  const date = new Date().toISOString().slice(0, 10);
  const made = `halfgate ${packageVersion()}, seed 1, node ${process.versions.node}, ${date}; regenerate: npm run demo && npm run readme`;
  writeFileAtomic(join(run.path, 'summary.md'), summaryMarkdown(data, made));
  const text =
    `${summaryText(data)}\n\n` +
    `Verilog: ${DEMO_SCHEMES.map((scheme) => run.file(scheme, 'verilog')).join(', ')}\n` +
    `report:  ${run.reportPath}\n` +
    `time:    ${durationText((performance.now() - begun) / 1000)}`;
  context.result({ run: run.path, report: resolve(run.reportPath), data }, text);
}
