import { basename, resolve } from 'node:path';
import type { Design } from '../../design/design.js';
import { designId } from '../../emit/emit.js';
import { plan, type PlanOptions } from '../../design/plan.js';
import { DEFAULT_MAX_STEPS, isBidirectional } from '../../design/sequence-memory.js';
import { sequenceLengths } from '../../verify/dataset-input.js';
import { readArtifact, writeArtifact } from '../../store/artifact.js';
import { DESIGN, type DesignFile } from '../../store/result-files.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { Inputs } from '../../store/schemas.js';
import { codeVersion, hashOf } from './cache.js';
import { reopenDataset } from './data.js';

export interface DesignOptions {
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
  readonly name?: string | undefined;
  readonly array?: PlanOptions['array'];
  readonly pack?: PlanOptions['pack'];
  readonly dataflow?: PlanOptions['dataflow'];
  readonly lockstep?: PlanOptions['lockstep'];
  readonly inputTable?: boolean | undefined;
  readonly maxSteps?: number | undefined;
  readonly dsp?: number | undefined;
  readonly dspPairs?: boolean | undefined;
  readonly weights?: PlanOptions['weights'];
  readonly weightStreamBits?: number;
  readonly weightBuffer?: number;
  readonly control?: PlanOptions['control'];
  readonly streams?: number;
}

/** What was given, or else what the run's design was planned with. */
function mapping(
  given: DesignOptions,
  before: DesignFile | undefined,
): Pick<
  PlanOptions,
  | 'array'
  | 'pack'
  | 'dataflow'
  | 'lockstep'
  | 'inputTable'
  | 'dsp'
  | 'dspPairs'
  | 'weights'
  | 'weightStreamBits'
  | 'weightBuffer'
  | 'control'
  | 'streams'
> {
  const array = given.array ?? before?.array;
  const dataflow = given.dataflow ?? before?.dataflow;
  // Another dataflow has none.
  const lockstep = given.lockstep ?? (dataflow === 'ws' ? before?.lockstep : undefined);
  const pack = given.pack ?? before?.pack;
  const inputTable = given.inputTable ?? before?.inputTable;
  const dsp = given.dsp ?? before?.dsp;
  const dspPairs = given.dspPairs ?? before?.dspPairs;
  const weights = given.weights ?? before?.weights;
  // The port and the buffer go with weights that are streamed.
  const port = weights === 'stream' ? before : undefined;
  const weightStreamBits = given.weightStreamBits ?? port?.weightStreamBits;
  const weightBuffer = given.weightBuffer ?? port?.weightBuffer;
  const control = given.control ?? before?.control;
  const streams = given.streams ?? before?.streams;
  return {
    ...(array !== undefined && { array }),
    ...(pack !== undefined && { pack }),
    ...(dataflow !== undefined && { dataflow }),
    ...(lockstep !== undefined && { lockstep }),
    ...(inputTable !== undefined && { inputTable }),
    ...(dsp !== undefined && { dsp }),
    ...(dspPairs !== undefined && { dspPairs }),
    ...(weights !== undefined && { weights }),
    ...(weightStreamBits !== undefined && { weightStreamBits }),
    ...(weightBuffer !== undefined && { weightBuffer }),
    ...(control !== undefined && { control }),
    ...(streams !== undefined && { streams }),
  };
}

export const DEFAULT_ROWS = 8;
export const DEFAULT_COLUMNS = 1;

/** A Verilog identifier from a folder's name. */
function moduleName(run: RunFolder, scheme: string): string {
  const words = `${basename(resolve(run.path))}_${scheme}`
    .replace(/[^A-Za-z0-9]+/g, '_')
    .slice(-56);
  return /^[A-Za-z]/.test(words) ? words : `lstm_${words}`;
}

/** Steps of the longest sequence of the run's data; of a text, which is cut anyway, the planner's default. */
function longestSequence(run: RunFolder): number {
  const { dataset } = reopenDataset(run);
  if (dataset.kind === 'text') return DEFAULT_MAX_STEPS;
  const lengths = (['train', 'valid', 'test'] as const).flatMap((part) =>
    sequenceLengths(dataset, part),
  );
  return lengths.reduce((most, length) => Math.max(most, length), 1);
}

/**
 * Do `work` on the run's design of this scheme: options given now, else those of design.json, else
 * defaults. They are kept in design.json once the work succeeded.
 */
export async function withDesign<T>(
  run: RunFolder,
  scheme: string,
  options: DesignOptions,
  work: (design: Design, file: DesignFile) => Promise<T> | T,
): Promise<T> {
  const { quantized, inputs: made } = run.quantized(scheme);
  const path = run.file(scheme, 'design.json');
  const before = readArtifact(path, DESIGN);
  const name = options.name ?? before?.name ?? moduleName(run, scheme);
  const rows = options.rows ?? before?.rows ?? DEFAULT_ROWS;
  const columns = options.columns ?? before?.columns ?? DEFAULT_COLUMNS;
  const maxSteps =
    options.maxSteps ??
    (isBidirectional(quantized) ? (before?.maxSteps ?? longestSequence(run)) : undefined);
  const mapped = { ...mapping(options, before), ...(maxSteps !== undefined && { maxSteps }) };
  const design = plan(quantized, { name, rows, columns, ...mapped });
  const inputs: Inputs = { quantized: hashOf(made) };
  const file: DesignFile = { inputs, name, rows, columns, ...mapped, designId: designId(design) };
  const result = await work(design, file);
  if (JSON.stringify(before) !== JSON.stringify(file)) writeArtifact(path, DESIGN, file);
  return result;
}

export function designInputs({ designId: id }: DesignFile, options: unknown): Inputs {
  return { design: id, options: hashOf(options), halfgate: codeVersion() };
}
