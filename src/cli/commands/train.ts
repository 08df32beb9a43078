import { basename, extname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { datasetName, type DatasetSpec } from '../../data/dataset-spec.js';
import {
  checkTextLength,
  DEFAULT_MAX_SYMBOLS,
  DEFAULT_SPLIT,
  type SplitParts,
} from '../../data/text.js';
import { ENGINE_NAMES, type EngineName, MAX_THREADS } from '../../engine/create.js';
import { UserError } from '../../errors.js';
import type { Dataset } from '../../model/dataset.js';
import type { ModelScheme } from '../../model/model.js';
import { loadDataset } from '../../data/dataset-spec.js';
import { trainConfig } from '../../train/train.js';
import type { TrainConfig } from '../../train/train.js';
import type { StoredEvaluation } from '../../store/model-file.js';
import { RunFolder } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { choice, integer, list, number, split } from '../options.js';
import { RUNS } from '../run-choice.js';
import { durationText } from '../progress.js';
import { absoluteSpec, recordDataset } from '../stages/data.js';
import { trainStage } from '../stages/train.js';
import { tableText } from '../table.js';
import { freshText, SCHEME_NAMES } from './shared.js';

interface TrainFlags {
  readonly text?: string;
  readonly series?: string;
  readonly corpus?: true | number;
  readonly bytes?: boolean;
  readonly utf8?: boolean;
  readonly maxSymbols: number;
  readonly split: SplitParts;
  readonly test?: string;
  readonly labelColumn?: string;
  readonly idColumn?: string;
  readonly timeColumn?: string;
  readonly scheme: readonly ModelScheme[];
  readonly hidden?: readonly number[];
  readonly layers: number;
  readonly embedding?: number;
  readonly checkpointSteps?: number;
  readonly sampledClasses?: number;
  readonly stepsPerSequence?: number;
  readonly batch?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly lr?: number;
  readonly seed: number;
  readonly engine: EngineName;
  readonly threads: number;
  readonly run?: string;
  readonly force?: boolean;
}

export const DEFAULT_CORPUS_SIZE = 600_000;

/** Exactly one of --text, --series, --corpus, and none of the others' options. */
function datasetSpec(flags: TrainFlags): DatasetSpec {
  const sources = ['text', 'series', 'corpus'].filter(
    (name) => flags[name as 'text'] !== undefined,
  );
  if (sources.length !== 1) {
    throw new UserError({
      where: 'data',
      given: sources.length === 0 ? 'none given' : sources.map((name) => `--${name}`).join(' and '),
      allowed: 'exactly one of --text FILE, --series FILE, --corpus',
    });
  }
  const source = sources[0];
  const belongs = (owner: string, name: string, isGiven: boolean): void => {
    if (!isGiven || owner === source) return;
    throw new UserError({
      where: `--${name}`,
      given: `with --${source}`,
      allowed: `belongs to --${owner}`,
    });
  };
  belongs('text', 'bytes', flags.bytes === true);
  belongs('text', 'utf8', flags.utf8 === true);
  belongs('series', 'test', flags.test !== undefined);
  belongs('series', 'label-column', flags.labelColumn !== undefined);
  belongs('series', 'id-column', flags.idColumn !== undefined);
  belongs('series', 'time-column', flags.timeColumn !== undefined);
  if (flags.bytes === true && flags.utf8 === true) {
    throw new UserError({ where: '--bytes', given: 'with --utf8', allowed: 'only one of them' });
  }
  const { maxSymbols, split: parts, seed, test, labelColumn, idColumn, timeColumn } = flags;
  if (flags.text !== undefined) {
    const mode = flags.bytes === true ? 'bytes' : flags.utf8 === true ? 'utf8' : 'auto';
    return { kind: 'text', path: flags.text, mode, maxSymbols, split: parts };
  }
  if (flags.series !== undefined) {
    return {
      kind: 'series',
      path: flags.series,
      ...(test === undefined ? {} : { testPath: test }),
      ...(labelColumn === undefined ? {} : { labelColumn }),
      ...(idColumn === undefined ? {} : { idColumn }),
      ...(timeColumn === undefined ? {} : { timeColumn }),
      split: parts,
      seed,
    };
  }
  const characters = typeof flags.corpus === 'number' ? flags.corpus : DEFAULT_CORPUS_SIZE;
  return { kind: 'corpus', characters, maxSymbols, split: parts };
}

function runName(spec: DatasetSpec): string {
  if (spec.kind === 'corpus') return 'corpus';
  return basename(spec.path, extname(spec.path)).replace(/[_-]train$/i, '');
}

/** Enough for small labelled sets in float and in ternary-level3; chosen on BasicMotions. */
const SERIES_STEPS = 2000;
const SERIES_RATE = 1e-2;

/** Small sets of whole series need many passes over small batches. */
function seriesDefaults(dataset: Dataset): Partial<TrainConfig> {
  if (dataset.kind === 'text') return {};
  const batch = Math.max(1, Math.min(16, Math.floor(dataset.train.length / 4)));
  const stepsPerEpoch = Math.ceil(dataset.train.length / batch);
  return {
    batch,
    epochs: Math.max(10, Math.ceil(SERIES_STEPS / stepsPerEpoch)),
    learningRate: SERIES_RATE,
  };
}

function configFor(scheme: ModelScheme, flags: TrainFlags, dataset: Dataset): TrainConfig {
  const hidden = flags.hidden ?? [32];
  if (flags.layers > 1 && hidden.length > 1 && hidden.length !== flags.layers) {
    throw new UserError({
      where: '--layers',
      given: `${flags.layers} with --hidden ${hidden.join(',')}`,
      allowed: 'one size for all layers or one per layer',
    });
  }
  const given = {
    embeddingSize: flags.embedding,
    timeSteps: flags.stepsPerSequence,
    checkpointSteps: flags.checkpointSteps,
    sampledClasses: flags.sampledClasses,
    batch: flags.batch,
    epochs: flags.epochs,
    steps: flags.steps,
    learningRate: flags.lr,
  };
  return trainConfig({
    ...seriesDefaults(dataset),
    ...(Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as Partial<TrainConfig>),
    scheme,
    hiddenSizes: hidden.length > 1 ? hidden : new Array<number>(flags.layers).fill(hidden[0]),
    seed: flags.seed,
  });
}

export function accuracyText({ bitsPerSymbol, accuracy }: StoredEvaluation): string {
  return bitsPerSymbol === undefined
    ? `${(100 * accuracy).toFixed(1)} %`
    : `${bitsPerSymbol.toFixed(3)} bpc`;
}

export function register(program: Command, context: () => Context): void {
  program
    .command('train')
    .summary('train LSTMs on text or series, in one or more schemes')
    .description(
      'Train an LSTM on a text (next character) or on labelled series (classification). Quantized schemes ' +
        'train through their own integers: the accuracy printed is that of the golden integer model. ' +
        'Ctrl-C keeps a checkpoint; the same command goes on from it.',
    )
    .optionsGroup('Data (one of --text, --series, --corpus):')
    .option('--text <file>', 'text file: UTF-8 where valid, else bytes')
    .option('--bytes', 'read the text as bytes')
    .option('--utf8', 'refuse a text that is not UTF-8')
    .option(
      '--max-symbols <n>',
      'keep this many distinct symbols',
      integer('--max-symbols', 2, 65536),
      DEFAULT_MAX_SYMBOLS,
    )
    .option(
      '--series <file>',
      '.ts (sktime, aeon) or CSV; a _TEST file beside a _TRAIN file is found',
    )
    .option('--test <file>', 'test series, where not found by name')
    .option('--label-column <name>', 'CSV: column of the class label')
    .option('--id-column <name>', 'CSV: column that names the case')
    .option('--time-column <name>', 'CSV: column of the time')
    .option(
      '--corpus [characters]',
      `type declarations of the typescript package (default ${DEFAULT_CORPUS_SIZE} characters)`,
      integer('--corpus', 1000, 100_000_000),
    )
    .addOption(
      new Option('--split <a/b/c>', 'percentages for training, validation, test')
        .argParser(split('--split'))
        .default(DEFAULT_SPLIT, '80/10/10'),
    )
    .optionsGroup('Model:')
    .addOption(
      new Option('--scheme <list>', `${SCHEME_NAMES.join(', ')}, or several by comma`)
        .argParser(list(choice('--scheme', SCHEME_NAMES)))
        .default(['ternary-level3'], 'ternary-level3'),
    )
    .option(
      '--hidden <list>',
      'hidden size, or one per layer by comma (default 32)',
      list(integer('--hidden', 1, 2048)),
    )
    .option('--layers <n>', 'stacked layers', integer('--layers', 1, 8), 1)
    .option(
      '--embedding <n>',
      'size of the embedding of a symbol (default 16)',
      integer('--embedding', 1, 1024),
    )
    .optionsGroup('Training:')
    .option(
      '--steps-per-sequence <n>',
      'length of truncated back-propagation (default 35; series are taken whole)',
      integer('--steps-per-sequence', 1, 10_000),
    )
    .option('--batch <n>', 'sequences side by side (default 20)', integer('--batch', 1, 4096))
    .option(
      '--checkpoint-steps <n>',
      'keep activations only every so many steps: less memory, a third more time',
      integer('--checkpoint-steps', 1, 10_000),
    )
    .option(
      '--sampled-classes <n>',
      'train the head on so many symbols a step, for vocabularies of thousands',
      integer('--sampled-classes', 2, 1_000_000),
    )
    .option(
      '--epochs <n>',
      'passes over the data (default 5 for text)',
      integer('--epochs', 1, 1_000_000),
    )
    .option('--steps <n>', 'stop after so many optimizer steps instead', integer('--steps', 1, 1e9))
    .option(
      '--lr <rate>',
      'learning rate of Adam (default 0.02; 0.01 for series and for ternary-level3)',
      number('--lr', 0, 10),
    )
    .option('--seed <n>', 'seed of everything random', integer('--seed', 0, 2 ** 31 - 1), 1)
    .addOption(
      new Option('--engine <name>', 'what computes; auto: native where it is built, else wasm')
        .choices([...ENGINE_NAMES])
        .default('auto'),
    )
    .option(
      '--threads <n>',
      'threads that share each step; the result does not depend on them',
      integer('--threads', 1, MAX_THREADS),
      1,
    )
    .optionsGroup('Run:')
    .option('--run <dir>', 'run folder (default runs/<name of the data>)')
    .option('--force', 'train anew though nothing changed')
    .addHelpText(
      'after',
      `
Examples:
  halfgate train --text book.txt --hidden 128 --scheme float,int8,ternary-level3
  halfgate train --series BasicMotions_TRAIN.ts --scheme ternary-level3
  halfgate train --series walks.csv --label-column activity --id-column person
  halfgate train --corpus --epochs 2 --run runs/try`,
    )
    .action(async (flags: TrainFlags) => {
      const { progress, result } = context();
      const spec = absoluteSpec(datasetSpec(flags));
      const loaded = loadDataset(spec);
      const schemes = [...new Set(flags.scheme)];
      const configs = schemes.map((scheme) => configFor(scheme, flags, loaded.dataset));
      for (const { batch, timeSteps } of configs) {
        const { dataset } = loaded;
        if (dataset.kind === 'text') checkTextLength(datasetName(spec), dataset, batch, timeSteps);
      }
      // Everything is checked before anything is written.
      const run = new RunFolder(flags.run ?? join(RUNS, runName(spec)));
      const data = recordDataset(run, spec, loaded);
      progress.note(`${data.name}: ${data.summary}`);
      for (const text of data.notes) progress.note(`note: ${text}`);
      const isText = loaded.dataset.kind === 'text';
      const rows: string[][] = [];
      const values: object[] = [];
      for (const config of configs) {
        const { scheme } = config;
        const options = {
          config,
          engine: flags.engine,
          threads: flags.threads,
          isForced: flags.force === true,
        };
        const { value, isFresh } = await trainStage(run, loaded, options, context());
        progress.clear();
        const { model: _, inputs: __, training, ...figures } = value;
        const { validations: ___, curve: ____, ...log } = training;
        values.push({ scheme, isFresh, ...figures, training: log });
        rows.push([
          `${scheme}${freshText(isFresh)}`,
          ...(isText ? [accuracyText(value.evaluation)] : []),
          `${(100 * value.evaluation.accuracy).toFixed(1)} %`,
          String(value.parameters),
          String(training.steps),
          durationText(training.seconds),
          training.memoryBytes ? `${(training.memoryBytes / 2 ** 20).toFixed(1)} MiB` : '-',
          `${training.engine} (${training.engineVersion})`,
        ]);
      }
      const table = tableText(
        [
          'scheme',
          ...(isText ? ['test bpc'] : []),
          'test accuracy',
          'parameters',
          'steps',
          'time',
          'memory',
          'engine',
        ],
        rows,
      );
      result(
        { run: run.path, dataset: data, models: values },
        `${table}\n\nrun folder: ${run.path}`,
      );
    });
}
