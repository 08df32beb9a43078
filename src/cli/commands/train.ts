import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { datasetName } from '../../data/dataset-spec.js';
import { DROPOUT_MAX } from '../../engine/engine.js';
import { checkTextLength } from '../../data/text.js';
import { ENGINE_NAMES, type EngineName, MAX_THREADS } from '../../engine/create.js';
import { UserError } from '../../errors.js';
import type { Dataset } from '../../model/dataset.js';
import { type ModelScheme, schemeName } from '../../model/model.js';
import { loadDataset } from '../../data/dataset-spec.js';
import { SCHEMES } from '../../quant/scheme.js';
import { trainConfig } from '../../train/train.js';
import type { TrainConfig } from '../../train/train.js';
import type { StoredEvaluation } from '../../store/model-file.js';
import { RunFolder } from '../../store/run-folder.js';
import type { Context } from '../context.js';
import { addDataOptions, type DataFlags, datasetSpec, runName } from '../data-flags.js';
import { integer, list, number } from '../options.js';
import { RUNS } from '../run-choice.js';
import { durationText } from '../progress.js';
import { absoluteSpec, recordDataset } from '../stages/data.js';
import { trainStage } from '../stages/train.js';
import { tableText } from '../table.js';
import { findModelScheme, SCHEME_NAMES } from '../scheme-choice.js';
import { addSizeOptions, addStepOptions, freshText } from './shared.js';

interface TrainFlags extends DataFlags {
  readonly scheme: readonly ModelScheme[];
  readonly hidden?: readonly number[];
  readonly layers: number;
  readonly embedding?: number;
  readonly bidirectional?: boolean;
  readonly dropout?: number;
  readonly skipWeight?: number;
  readonly patience?: number;
  readonly checkpointSteps?: number;
  readonly sampledClasses?: number;
  readonly stepsPerSequence?: number;
  readonly batch?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly lr?: number;
  readonly engine: EngineName;
  readonly threads: number;
  readonly run?: string;
  readonly force?: boolean;
}

/** Enough for small labelled sets in float and in ternary-level3; chosen on BasicMotions. */
const SERIES_STEPS = 2000;
const SERIES_RATE = 1e-2;
const TAGGING_RATE = 5e-3;

/** Small sets of whole series need many passes over small batches. */
function seriesDefaults(dataset: Dataset): Partial<TrainConfig> {
  if (dataset.kind === 'text') return {};
  if (dataset.kind === 'tagging') return { batch: 32, epochs: 15, learningRate: TAGGING_RATE };
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
    bidirectional: flags.bidirectional,
    dropout:
      flags.dropout === undefined ? undefined : { input: flags.dropout, output: flags.dropout },
    patience: flags.patience,
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
    ...(flags.skipWeight === undefined ? {} : { optimizer: { skipWeight: flags.skipWeight } }),
    scheme,
    hiddenSizes: hidden.length > 1 ? hidden : new Array<number>(flags.layers).fill(hidden[0]),
    seed: flags.seed,
  });
}

/** The figure that a model is judged by, with its unit. */
export function accuracyText(evaluation: StoredEvaluation): string {
  const { perplexity, bitsPerSymbol, f1, rmse, nasaScore, accuracy } = evaluation;
  if (perplexity !== undefined) return `${perplexity.toFixed(1)} perplexity`;
  if (bitsPerSymbol !== undefined) return `${bitsPerSymbol.toFixed(3)} bpc`;
  if (f1 !== undefined) return `${(100 * f1).toFixed(1)} F1`;
  if (rmse === undefined) return `${(100 * accuracy).toFixed(1)} %`;
  return `${rmse.toFixed(2)} RMSE${nasaScore === undefined ? '' : `, score ${nasaScore.toPrecision(4)}`}`;
}

export function register(program: Command, context: () => Context): void {
  const command = program
    .command('train')
    .summary('train LSTMs on text, tags or series, in one or more schemes')
    .description(
      'Train an LSTM on a text (next symbol), tagged sentences, labelled series (classification) or series ' +
        'with a real target (regression). Quantized schemes ' +
        'train through their own integers: the accuracy printed is that of the golden integer model. ' +
        'Ctrl-C keeps a checkpoint; the same command goes on from it.',
    );
  addDataOptions(command)
    .optionsGroup('Model:')
    .addOption(
      new Option('--scheme <list>', `by comma: ${SCHEME_NAMES.join(', ')}, or a .json file`)
        .argParser(list(findModelScheme))
        .default([SCHEMES['ternary-level3']], 'ternary-level3'),
    );
  addSizeOptions(command)
    .option(
      '--dropout <p>',
      'probability that an element of x, and of h before the head, is dropped in training',
      number('--dropout', 0, DROPOUT_MAX),
    )
    .option(
      '--skip-weight <x>',
      'what an h that is not zero costs, as a part of the loss: a sparse design skips the others (try 0.1)',
      number('--skip-weight', 0, 100),
    )
    .optionsGroup('Training:');
  addStepOptions(command)
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
      '--patience <n>',
      'stop after so many of the 10 validations without a better one',
      integer('--patience', 1, 1000),
    )
    .option(
      '--lr <rate>',
      'learning rate of Adam (default 0.02; 0.01 for series and low-bit schemes, 0.005 for tags)',
      number('--lr', 0, 10),
    )
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
  halfgate train --text ptb.train.txt --valid ptb.valid.txt --test ptb.test.txt --words --sampled-classes 2000
  halfgate train --tags train.conll --valid dev.conll --test test.conll --bidirectional --hidden 64
  halfgate train --cmapss train_FD001.txt --window 30 --hidden 32 --scheme int8
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
      const rows: string[][] = [];
      const values: object[] = [];
      for (const config of configs) {
        const scheme = schemeName(config.scheme);
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
          accuracyText(value.evaluation),
          `${(100 * value.evaluation.accuracy).toFixed(1)} %`,
          String(value.parameters),
          String(training.steps),
          durationText(training.seconds),
          training.memoryBytes ? `${(training.memoryBytes / 2 ** 20).toFixed(1)} MiB` : '-',
          `${training.engine} (${training.engineVersion})`,
        ]);
      }
      const table = tableText(
        ['scheme', 'test', 'accuracy', 'parameters', 'steps', 'time', 'memory', 'engine'],
        rows,
      );
      result(
        { run: run.path, dataset: data, models: values },
        `${table}\n\nrun folder: ${run.path}`,
      );
    });
}
