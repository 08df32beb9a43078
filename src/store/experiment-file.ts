/** Experiments in files: their description, what each cell gave, and the results of all. */
import { z } from 'zod';
import type { DatasetSpec } from '../data/dataset-spec.js';
import { UserError } from '../errors.js';
import type { OptimizerConfig } from '../engine/engine.js';
import {
  type CheckDescription,
  COLUMN_NAMES,
  type Experiment,
  type ExperimentData,
  type ExperimentRun,
  type IntegerRecipe,
  SIZE_NAMES,
  type TrainOverrides,
} from '../experiment/description.js';
import {
  type Expression,
  ExpressionError,
  nameProblem,
  parseExpression,
} from '../experiment/expression.js';
import { METRIC_NAMES } from '../experiment/metric.js';
import { circle } from '../experiment/plan.js';
import type { Cell, Results } from '../experiment/results.js';
import type { ModelScheme } from '../model/model.js';
import { SCHEMES } from '../quant/scheme.js';
import { artifact, parseJson, parseWith } from './artifact.js';
import { readIfPresent } from './atomic.js';
import { DATASET } from './dataset-file.js';
import { evaluation } from './model-file.js';
import { parseScheme } from './scheme-file.js';
import { count, inputs, real, sha256, size, text } from './schemas.js';

const part = real.min(0).max(1);

/** Every field of a training, so that a new one cannot be forgotten here. */
const overrideFields = {
  hiddenSizes: z.array(size).min(1),
  embeddingSize: count,
  bidirectional: z.boolean(),
  timeSteps: size,
  checkpointSteps: size,
  sampledClasses: size,
  restart: size,
  batch: size,
  epochs: size,
  floatPart: part,
  steps: size,
  firstStep: count,
  sampleActivations: z.boolean(),
  start: z.enum(['wide', 'plain']),
  retraining: z.strictObject({ rounds: size, steps: size, learningRate: real, sparsity: part }),
  learningRate: real.positive(),
  hold: part,
  finalRate: part,
  decay: z.enum(['linear', 'cosine', 'exponential', 'plateau']),
  dropout: z.strictObject({ input: part, output: part }),
  patience: size,
  result: z.enum(['best', 'last']),
  validations: count,
  validationLimit: size,
} satisfies Record<keyof Omit<TrainOverrides, 'optimizer'>, z.ZodType>;

const optimizerFields = {
  beta1: part,
  beta2: part,
  epsilon: real.positive(),
  clip: real.positive(),
  ternaryRate: real.positive(),
  masterRange: real.positive(),
  gainRate: real.positive(),
  gateGradient: z.enum(['sigmoid', 'level']),
  skipWeight: real.nonnegative(),
} satisfies Record<keyof OptimizerConfig, z.ZodType>;

const trainFields = { ...overrideFields, optimizer: z.strictObject(optimizerFields).partial() };
const optionalTrainFields = z.strictObject(trainFields).partial().shape;
const overrides = z.strictObject(optionalTrainFields);

/** dataset.json's own check of where data comes from. */
const datasetSpec = (DATASET.schema as unknown as z.ZodObject<{ spec: z.ZodType<DatasetSpec> }>)
  .shape.spec;
const limit = z.strictObject({ train: size, valid: size, test: size }).partial();

const identifier = text.superRefine((name, context) => {
  const message = nameProblem(name);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const integerRecipe: z.ZodType<IntegerRecipe> = z.strictObject({
  arithmetic: z.enum(['tflite', 'tflm', 'cmsis-nn']).optional(),
  activation: z.enum(['lut256', 'gemmlowp']).optional(),
  rounding: z.enum(['single', 'double']).optional(),
  weightBits: z.int().min(2).max(8).optional(),
  cellBits: z.int().min(6).max(16).optional(),
  activationBits: z.union([z.literal(8), z.literal(16)]).optional(),
  calibration: z.strictObject({ sequences: size, timeSteps: size }).partial().optional(),
}) as z.ZodType<IntegerRecipe>;

const run = z.strictObject({
  name: identifier,
  label: text,
  /** A name, or a description as in a scheme file; none beside `integer`. */
  scheme: z.union([text, z.looseObject({ weights: z.unknown() })]).optional(),
  integer: integerRecipe.optional(),
  from: text.optional(),
  training: z.literal('none').optional(),
  ...optionalTrainFields,
});

const axis = z.strictObject({ low: real.optional(), high: real.optional() });
const sizes = z.array(z.enum(SIZE_NAMES)).min(1).optional();

const sizeOverrides = z
  .strictObject({
    data: z.record(z.string(), z.unknown()).default({}),
    base: overrides.default({}),
    runs: z.record(z.string(), overrides).default({}),
    metric: z.enum(METRIC_NAMES).optional(),
    axis: axis.optional(),
  })
  .prefault({});

const description = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be of a-z, 0-9 and -, at most 40 of them'),
  title: text,
  source: z.strictObject({ paper: text, table: text.optional() }),
  data: z.looseObject({ kind: text, limit: limit.optional() }),
  metric: z.enum(METRIC_NAMES),
  reference: text,
  seeds: z.array(z.int().nonnegative()).min(1).default([1, 2, 3]),
  columns: z.array(z.enum(COLUMN_NAMES)).default([]),
  axis: axis.optional(),
  base: overrides.default({}),
  sizes: z.strictObject({ quick: sizeOverrides, full: sizeOverrides }).prefault({}),
  runs: z.array(run).min(1),
  checks: z
    .array(
      z.strictObject({
        claim: text,
        expression: text,
        sizes,
      }),
    )
    .default([]),
  paper: z
    .array(
      z.strictObject({ heading: text, source: text, values: z.record(z.string(), real), sizes }),
    )
    .default([]),
  notes: z.array(text).default([]),
});

type Description = z.infer<typeof description>;

const SCHEME_TEXT = `must be one of float, ${Object.keys(SCHEMES).join(', ')}, or a description`;

function modelScheme(
  where: string,
  { scheme: value, integer }: Description['runs'][number],
): ModelScheme {
  if (integer !== undefined) {
    if (value === undefined) return 'float';
    throw new UserError({ where, given: 'a scheme', allowed: 'none beside integer' });
  }
  if (value === undefined) throw new UserError({ where, given: 'nothing', allowed: SCHEME_TEXT });
  if (typeof value !== 'string') return parseScheme(where, value);
  if (value === 'float') return 'float';
  if (Object.hasOwn(SCHEMES, value)) return SCHEMES[value];
  throw new UserError({
    where,
    given: JSON.stringify(value),
    allowed: SCHEME_TEXT,
  });
}

/** The dataset of a size, as its loader takes it. */
function experimentData(where: string, value: Description['data'], other: object): ExperimentData {
  const { limit: some, ...spec } = { ...value, ...other } as Description['data'];
  const parsed = parseWith(where, datasetSpec, spec);
  const parts = some && parseWith(`${where}.limit`, limit, some);
  return { ...parsed, ...(parts && { limit: parts }) } as ExperimentData;
}

/** Names that must be those of runs, and how runs depend on each other. */
function checkRuns(where: string, value: Description): void {
  const { runs, reference, paper, sizes } = value;
  const names = runs.map(({ name }) => name);
  const refuse = (place: string, given: string, allowed: string): never => {
    throw new UserError({ where: `${where}: ${place}`, given, allowed });
  };
  const known = (place: string, name: string): void => {
    if (!names.includes(name)) {
      refuse(place, JSON.stringify(name), `must be a run: ${names.join(', ')}`);
    }
  };
  runs.forEach(({ name, from, training, retraining, integer, ...rest }, k) => {
    if (names.indexOf(name) < k) {
      refuse(`runs[${k}].name`, JSON.stringify(name), 'must differ from those before');
    }
    if (from !== undefined) known(`runs[${k}].from`, from);
    const needs = integer
      ? 'integer'
      : training === 'none'
        ? 'training none'
        : retraining && 'retraining';
    if (needs !== undefined && from === undefined) {
      refuse(`runs[${k}].from`, 'nothing', `${needs} needs a run to start from`);
    }
    if (integer === undefined) return;
    const start = runs.find((other) => other.name === from);
    if (start?.scheme !== 'float') {
      refuse(`runs[${k}].from`, JSON.stringify(from), 'integer needs a run in float');
    }
    const other = Object.keys(rest).find((field) => !['label', 'scheme'].includes(field));
    if (other !== undefined || training !== undefined || retraining !== undefined) {
      const field = other ?? (training ? 'training' : 'retraining');
      refuse(`runs[${k}]`, field, 'integer is after training: nothing else can be set');
    }
  });
  const around = circle(runs);
  if (around !== undefined) {
    refuse(`runs`, around.join(' starts from '), 'must not come back to itself');
  }
  known('reference', reference);
  paper.forEach(({ values }, k) => {
    for (const name of Object.keys(values)) known(`paper[${k}].values`, name);
  });
  for (const size of SIZE_NAMES) {
    for (const name of Object.keys(sizes[size].runs)) known(`sizes.${size}.runs`, name);
  }
}

function checkExpression(where: string, runs: readonly string[], check: CheckDescription): void {
  let expression: Expression;
  try {
    expression = parseExpression(check.expression, runs);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new UserError({ where, given: error.given, allowed: error.allowed });
  }
  if (expression.runs.length > 0) return;
  throw new UserError({
    where,
    given: JSON.stringify(check.expression),
    allowed: `must compare runs: ${runs.join(', ')}`,
  });
}

/** The experiment that a description stands for; `where` names it in errors. */
export function parseExperiment(where: string, value: unknown): Experiment {
  const parsed = parseWith(where, description, value);
  checkRuns(where, parsed);
  const names = parsed.runs.map(({ name }) => name);
  parsed.checks.forEach((check, k) =>
    checkExpression(`${where}: checks[${k}].expression`, names, check as CheckDescription),
  );
  const data = experimentData(`${where}: data`, parsed.data, {});
  for (const size of SIZE_NAMES) {
    experimentData(`${where}: sizes.${size}.data`, parsed.data, parsed.sizes[size].data);
  }
  const runs = parsed.runs.map(({ scheme, ...run }, k) => {
    const { name, label, from, training, integer, ...rest } = run;
    return {
      ...{ name, label, from, training, integer },
      scheme: modelScheme(`${where}: runs[${k}].scheme`, { ...run, scheme }),
      overrides: rest as TrainOverrides,
    };
  });
  return { ...parsed, data, runs: runs satisfies ExperimentRun[] } as Experiment;
}

export function readExperimentFile(path: string): Experiment {
  const bytes = readIfPresent(path);
  if (bytes === undefined) throw new UserError({ where: path, given: 'no such file' });
  return parseExperiment(path, parseJson(path, new TextDecoder().decode(bytes)));
}

const rounds = z.array(z.strictObject({ round: count, loss: real, relativeError: real }));

const cell = z.strictObject({
  inputs,
  evaluation,
  zeros: part.optional(),
  maxCell: real.optional(),
  rounds: rounds.optional(),
  steps: count,
  seconds: real,
  engine: text,
  date: text,
});
/** cell.json beside the model of one run with one seed. */
export const CELL = artifact('experiment-cell', 1, cell);
export type StoredCell = z.infer<typeof cell> & Cell;

const nullable = real.nullable();
const value = z.union([real, z.array(real)]);

const results: z.ZodType<Results> = z.strictObject({
  name: text,
  title: text,
  source: z.strictObject({ paper: text, table: text.optional() }),
  size: z.enum(SIZE_NAMES),
  seeds: z.array(z.int()).min(1),
  data: z.strictObject({ name: text, sha256, summary: text }),
  metric: z.strictObject({
    name: z.enum(METRIC_NAMES),
    label: text,
    isLowerBetter: z.boolean(),
    digits: count,
  }),
  columns: z.array(z.enum(COLUMN_NAMES)),
  axis,
  reference: text,
  paper: z.array(z.strictObject({ heading: text, source: text })),
  runs: z.array(
    z.strictObject({
      name: text,
      label: text,
      scheme: text,
      values: z.array(nullable),
      mean: nullable,
      spread: nullable,
      difference: nullable,
      zeros: nullable,
      maxCell: nullable,
      rounds: rounds.optional(),
      paper: z.array(nullable),
      seconds: nullable,
    }),
  ),
  checks: z.array(
    z.strictObject({
      claim: text,
      expression: text,
      status: z.enum(['passed', 'failed', 'not run']),
      comparisons: z.array(z.strictObject({ left: value, operator: text, right: value })),
      problem: text.optional(),
    }),
  ),
  notes: z.array(text),
  made: z.strictObject({
    halfgate: text,
    engines: z.array(text),
    date: z.string(),
    recipe: text,
    command: text,
  }),
});
/** results.json of an experiment in one size. */
export const RESULTS = artifact('experiment-results', 1, results);
