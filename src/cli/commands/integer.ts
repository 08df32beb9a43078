import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { datasetName, loadDataset } from '../../data/dataset-spec.js';
import { checkTextLength } from '../../data/text.js';
import { UserError } from '../../errors.js';
import type { ActivationFlavour } from '../../integer/activations.js';
import type { Rounding } from '../../integer/fixed-point.js';
import type { Kernel } from '../../integer/lstm.js';
import type { IntegerModel } from '../../integer/model.js';
import { networkFor, type Variant } from '../../integer-training/network-config.js';
import type { IntegerOptions } from '../../integer-training/quantize-model.js';
import type { NetworkTraining } from '../../integer-training/train.js';
import type { Dataset } from '../../model/dataset.js';
import {
  readInteger,
  type StoredFloatNetwork,
  type StoredInteger,
} from '../../store/integer-file.js';
import type { StoredEvaluation } from '../../store/model-file.js';
import { RunFolder } from '../../store/run-folder.js';
import { type TrainConfig, trainConfig } from '../../train/train.js';
import type { Context } from '../context.js';
import { addDataOptions, type DataFlags, datasetSpec, hasSource, runName } from '../data-flags.js';
import { integer, number } from '../options.js';
import { durationText } from '../progress.js';
import { openRun, RUNS } from '../run-choice.js';
import type { Staged } from '../stages/cache.js';
import { absoluteSpec, recordDataset, reopenDataset } from '../stages/data.js';
import { tableText } from '../table.js';
import {
  addHardwareOptions,
  asksForHardware,
  checkHardwareFlags,
  HARDWARE_FLAGS,
  type HardwareFlags,
  type IntegerMethod,
  runHardware,
} from './integer-hardware.js';
import {
  awareStage,
  floatStage,
  FOLDER,
  type IntegerJob,
  postTrainingStage,
} from './integer-stages.js';
import { addSizeOptions, addStepOptions, freshText } from './shared.js';

interface IntegerFlags extends DataFlags, HardwareFlags {
  readonly hidden?: readonly number[];
  readonly layers: number;
  readonly embedding?: number;
  readonly bidirectional?: boolean;
  readonly cifg?: boolean;
  readonly peephole?: boolean;
  readonly layerNorm?: boolean;
  readonly projection?: number;
  readonly cellClip?: number;
  readonly projectionClip?: number;
  readonly stepsPerSequence?: number;
  readonly batch?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly lr?: number;
  readonly kernel: Kernel['arithmetic'];
  readonly activation: ActivationFlavour;
  readonly rounding: Rounding;
  readonly weightBits: number;
  readonly cellBits: number;
  readonly activationBits: '8' | '16';
  readonly calibration: number;
  readonly qatSteps: number;
  readonly qatLr?: number;
  readonly run?: string;
  readonly force?: boolean;
}

const TEXT_RATE = 1e-2;
const SERIES_RATE = 1e-2;
const SERIES_STEPS = 1000;
const TAGGING_RATE = 5e-3;
const QAT_STEPS = 500;
/** Of the float rate: the weights have only to move within their steps. */
const QAT_RATE = 0.1;
const QAT_VALIDATIONS = 5;
const CALIBRATION = 100;
/** A calibration sequence of text is so many times as long as one of training. */
const CALIBRATION_LENGTH = 8;

function defaultsFor(dataset: Dataset): Partial<TrainConfig> {
  if (dataset.kind === 'text') return { learningRate: TEXT_RATE };
  if (dataset.kind === 'tagging') return { batch: 32, epochs: 5, learningRate: TAGGING_RATE };
  const batch = Math.max(1, Math.min(16, Math.floor(dataset.train.length / 4)));
  const stepsPerEpoch = Math.ceil(dataset.train.length / batch);
  const epochs = Math.max(10, Math.ceil(SERIES_STEPS / stepsPerEpoch));
  return { batch, epochs, learningRate: SERIES_RATE };
}

function variantOf(flags: IntegerFlags): Variant {
  const { projection = 0, projectionClip = 0 } = flags;
  if (projectionClip > 0 && projection === 0) {
    throw new UserError({
      where: '--projection-clip',
      given: String(projectionClip),
      allowed: 'belongs to --projection',
    });
  }
  return {
    isCifg: flags.cifg === true,
    hasPeephole: flags.peephole === true,
    hasLayerNorm: flags.layerNorm === true,
    projection,
    cellClip: flags.cellClip ?? 0,
    projectionClip,
  };
}

function trainingOf(flags: IntegerFlags, dataset: Dataset): TrainConfig {
  const hidden = flags.hidden ?? [32];
  if (flags.layers > 1 && hidden.length > 1 && hidden.length !== flags.layers) {
    throw new UserError({
      where: '--layers',
      given: `${flags.layers} with --hidden ${hidden.join(',')}`,
      allowed: 'one size for all layers or one per layer',
    });
  }
  if (flags.bidirectional && dataset.kind === 'text') {
    throw new UserError({
      where: '--bidirectional',
      given: 'with a text',
      allowed: 'not for text: a language model cannot read its text backward',
    });
  }
  const given = {
    embeddingSize: flags.embedding,
    bidirectional: flags.bidirectional,
    timeSteps: flags.stepsPerSequence,
    batch: flags.batch,
    epochs: flags.epochs,
    steps: flags.steps,
    learningRate: flags.lr,
  };
  return trainConfig({
    ...defaultsFor(dataset),
    ...(Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as Partial<TrainConfig>),
    scheme: 'float',
    hiddenSizes: hidden.length > 1 ? hidden : new Array<number>(flags.layers).fill(hidden[0]),
    seed: flags.seed,
  });
}

function optionsOf(flags: IntegerFlags): IntegerOptions {
  return {
    arithmetic: flags.kernel,
    activation: flags.activation,
    rounding: flags.rounding,
    weightBits: flags.weightBits,
    cellBits: flags.cellBits,
    activationBits: flags.activationBits === '16' ? 16 : 8,
  };
}

export function register(program: Command, context: () => Context): void {
  const command = program
    .command('integer')
    .summary('train and quantize LSTMs of every variant to integers alone, and make their Verilog')
    .description(
      'The integer-only LSTM of arXiv:2101.05453, in the arithmetic of TensorFlow Lite, TensorFlow Lite Micro or ' +
        'CMSIS-NN: train in float, quantize after calibration, train on through the integers, and compare the ' +
        'three. All figures but the first are those of the golden integer step. Ctrl-C keeps a checkpoint; the ' +
        'same command goes on from it. With --emit, --verify or --synth the integer model goes on to hardware, ' +
        'whole: symbols or values in, class or value out.',
    );
  addDataOptions(command).optionsGroup('Model:');
  addSizeOptions(command)
    .option('--cifg', 'coupled gates: i = 1 - f')
    .option('--peephole', 'gates i, f and o see the cell state')
    .option('--layer-norm', 'normalize the gate sums')
    .option('--projection <n>', 'project h to so many numbers', integer('--projection', 1, 2048))
    .option('--cell-clip <x>', 'limit of |c|', number('--cell-clip', 0, 64))
    .option(
      '--projection-clip <x>',
      'limit of |h| after the projection',
      number('--projection-clip', 0, 1000),
    )
    .optionsGroup('Training:');
  addStepOptions(command)
    .option(
      '--lr <rate>',
      'learning rate of Adam (default 0.01; 0.005 for tags)',
      number('--lr', 0, 10),
    )
    .optionsGroup('Integers:')
    .addOption(
      new Option('--kernel <name>', 'whose order of operations')
        .choices(['tflite', 'tflm', 'cmsis-nn'])
        .default('tflite'),
    )
    .addOption(
      new Option('--activation <name>', 'sigmoid and tanh: by series, or from a table')
        .choices(['gemmlowp', 'lut256'])
        .default('lut256'),
    )
    .addOption(
      new Option('--rounding <name>', 'how a requantization rounds: twice as the kernels, or once')
        .choices(['double', 'single'])
        .default('single'),
    )
    .option('--weight-bits <n>', 'bits of a weight', integer('--weight-bits', 2, 8), 8)
    .option('--cell-bits <n>', 'bits of the cell state', integer('--cell-bits', 6, 16), 16)
    .addOption(
      new Option('--activation-bits <n>', 'bits of x, h and m').choices(['8', '16']).default('8'),
    )
    .option(
      '--calibration <n>',
      'training sequences that ranges are taken from',
      integer('--calibration', 1, 1_000_000),
      CALIBRATION,
    )
    .option(
      '--qat-steps <n>',
      'optimizer steps through the integers; 0: none',
      integer('--qat-steps', 0, 1e9),
      QAT_STEPS,
    )
    .option(
      '--qat-lr <rate>',
      'their learning rate (default a tenth of --lr)',
      number('--qat-lr', 0, 10),
    )
    .optionsGroup('Run:')
    .option('--run <dir>', 'run folder (default runs/<name of the data>)')
    .option('--force', 'do all of it again');
  addHardwareOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  halfgate integer --text book.txt --hidden 96
  halfgate integer --text book.txt --cifg --layer-norm --projection 48 --cell-clip 8
  halfgate integer --text book.txt --weight-bits 3 --qat-steps 1000
  halfgate integer --series BasicMotions_TRAIN.ts --bidirectional --kernel cmsis-nn --rounding double
  halfgate integer --tags train.conll --bidirectional --emit rtl --rows 8 --verify
  halfgate integer --run runs/book --model post-training --emit --verify --engines npm
  halfgate integer --run runs/book --synth ice40-hx8k`,
    )
    .action((flags: IntegerFlags, command: Command) => {
      const given = Object.keys(flags).filter(
        (name) => command.getOptionValueSource(name) === 'cli',
      );
      checkHardwareFlags(given, flags);
      return hasSource(flags) || !asksForHardware(flags)
        ? runInteger(flags, context())
        : runStored(given, flags, context());
    });
}

/** Options that a run's models are taken with as they are. */
const STORED_FLAGS: readonly string[] = [...HARDWARE_FLAGS, 'run', 'seed', 'json', 'debug'];

/** Hardware of a model that the run has. */
async function runStored(
  given: readonly string[],
  flags: IntegerFlags,
  context: Context,
): Promise<void> {
  const stray = given.find((name) => !STORED_FLAGS.includes(name));
  if (stray !== undefined) {
    throw new UserError({
      where: `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      given: 'without data',
      allowed: 'belongs to training; without data the models of the run are taken as they are',
    });
  }
  const run = openRun(flags.run);
  const methods: readonly IntegerMethod[] = flags.model ? [flags.model] : ['qat', 'post-training'];
  const method = methods.find((name) => readInteger(run.file(FOLDER, `${name}.json`)));
  if (method === undefined) {
    throw new UserError({
      where: run.path,
      given: `the run has no integer model ${flags.model ?? ''}`.trimEnd(),
      hint: 'make one with: halfgate integer and the data',
    });
  }
  const { model } = readInteger(run.file(FOLDER, `${method}.json`))!;
  const { dataset } = reopenDataset(run);
  const { seed } = flags;
  const { value, text } = await runHardware(flags, { run, method, model, dataset, seed, context });
  context.result({ run: run.path, hardware: value }, text);
}

async function runInteger(flags: IntegerFlags, context: Context): Promise<void> {
  if (flags.model === 'qat' && flags.qatSteps === 0) {
    throw new UserError({
      where: '--model',
      given: 'qat with --qat-steps 0',
      allowed: 'there is none then',
    });
  }
  const spec = absoluteSpec(datasetSpec(flags));
  const variant = variantOf(flags);
  const loaded = loadDataset(spec);
  const { dataset } = loaded;
  const training = trainingOf(flags, dataset);
  const options = optionsOf(flags);
  const network = networkFor(dataset, training, variant);
  if (dataset.kind === 'text') {
    checkTextLength(datasetName(spec), dataset, training.batch, training.timeSteps);
  }
  // Everything is checked before anything is written.
  const run = new RunFolder(flags.run ?? join(RUNS, runName(spec)));
  const data = recordDataset(run, spec, loaded);
  context.progress.note(`${data.name}: ${data.summary}`);
  for (const text of data.notes) context.progress.note(`note: ${text}`);
  const job: IntegerJob = { run, spec, loaded, context, isForced: flags.force === true };
  const calibration = {
    sequences: flags.calibration,
    timeSteps: CALIBRATION_LENGTH * training.timeSteps,
  };
  const float = await floatStage(job, { network, training });
  const post = await postTrainingStage(job, float.value, calibration, options);
  const rows = [floatRow(float), integerRow('post-training', post, float.value)];
  const values = [floatFigures(float), integerFigures('post-training', post)];
  const warnings = new Set(post.value.warnings);
  const first = { method: 'post-training', model: post.value.model } as const;
  let made: { readonly method: IntegerMethod; readonly model: IntegerModel } = first;
  if (flags.qatSteps > 0) {
    const aware = await awareStage(job, float.value, calibration, {
      ...{ network, options },
      training: awareTraining(training, flags, float.value),
    } satisfies NetworkTraining);
    rows.push(integerRow('qat', aware, float.value));
    values.push(integerFigures('qat', aware));
    for (const warning of aware.value.warnings) warnings.add(warning);
    made = { method: 'qat', model: aware.value.model };
  }
  if (flags.model === 'post-training') made = first;
  const hardware = asksForHardware(flags)
    ? await runHardware(flags, { ...made, run, dataset, seed: flags.seed, context })
    : undefined;
  context.progress.clear();
  const header = ['model', 'loss', ...figureNames(float.value.evaluation)];
  header.push('to float', 'bytes', 'saturated z, c, h', 'training');
  const notes = [...warnings].map((text) => `note: ${text}\n`).join('');
  context.result(
    { run: run.path, dataset: data, options, models: values, hardware: hardware?.value },
    `${tableText(header, rows)}\n\n${notes}${hardware ? `${hardware.text}\n\n` : ''}run folder: ${run.path}`,
  );
}

/** Goes on where the float training stopped reading. */
function awareTraining(
  training: TrainConfig,
  flags: IntegerFlags,
  float: StoredFloatNetwork,
): TrainConfig {
  return {
    ...training,
    steps: flags.qatSteps,
    firstStep: float.training.steps,
    learningRate: flags.qatLr ?? QAT_RATE * training.learningRate,
    validations: QAT_VALIDATIONS,
  };
}

function figureNames({ perplexity, bitsPerSymbol, f1, rmse }: StoredEvaluation): string[] {
  if (rmse !== undefined) return ['RMSE'];
  const first =
    perplexity === undefined ? (bitsPerSymbol === undefined ? [] : ['bpc']) : ['perplexity'];
  return [...first, ...(f1 === undefined ? [] : ['F1']), 'accuracy'];
}

function figures({ perplexity, bitsPerSymbol, f1, rmse, accuracy }: StoredEvaluation): string[] {
  if (rmse !== undefined) return [rmse.toFixed(3)];
  const first = perplexity?.toFixed(1) ?? bitsPerSymbol?.toFixed(4);
  return [
    ...(first === undefined ? [] : [first]),
    ...(f1 === undefined ? [] : [`${(100 * f1).toFixed(1)} %`]),
    `${(100 * accuracy).toFixed(2)} %`,
  ];
}

function floatRow({ value, isFresh }: Staged<StoredFloatNetwork>): string[] {
  const { evaluation, params, training } = value;
  return [
    `float${freshText(isFresh)}`,
    evaluation.loss.toFixed(4),
    ...figures(evaluation),
    '',
    String(4 * params.length),
    '',
    durationText(training.seconds),
  ];
}

function integerRow(
  name: string,
  { value, isFresh }: Staged<StoredInteger>,
  float: StoredFloatNetwork,
): string[] {
  const { evaluation, saturations, weightBytes, training } = value;
  const difference = evaluation.loss - float.evaluation.loss;
  const { gateSums, cells, outputs } = saturations;
  return [
    `${name}${freshText(isFresh)}`,
    evaluation.loss.toFixed(4),
    ...figures(evaluation),
    `${difference < 0 ? '-' : '+'}${Math.abs(difference).toFixed(4)}`,
    String(weightBytes),
    `${gateSums}, ${cells}, ${outputs}`,
    training ? durationText(training.seconds) : '',
  ];
}

function floatFigures({ value, isFresh }: Staged<StoredFloatNetwork>): object {
  const { evaluation, params, training } = value;
  return {
    model: 'float',
    isFresh,
    evaluation,
    weightBytes: 4 * params.length,
    seconds: training.seconds,
  };
}

function integerFigures(model: string, { value, isFresh }: Staged<StoredInteger>): object {
  const { evaluation, saturations, weightBytes, warnings, training } = value;
  return {
    model,
    isFresh,
    evaluation,
    saturations,
    weightBytes,
    warnings,
    seconds: training?.seconds,
  };
}
