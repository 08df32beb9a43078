/** Options and texts that several commands have. */
import type { Command } from 'commander';
import { UserError } from '../../errors.js';
import type { RunFolder } from '../../store/run-folder.js';
import { ARRAY_KINDS, type ArrayKind } from '../../design/array.js';
import {
  CONTROLS,
  type Control,
  type Dataflow,
  DATAFLOWS,
  WEIGHT_STORES,
  type WeightStore,
} from '../../design/design.js';
import { MAX_COLUMNS, MAX_ROWS, MAX_STREAMS, PACKS, type PlanOptions } from '../../design/plan.js';
import { MOST_MAX_STEPS } from '../../design/sequence-memory.js';
import { MAX_SEQUENCES } from '../../design/stationary.js';
import {
  DEFAULT_STREAM_BITS,
  MAX_BUFFER_OPERANDS,
  MAX_STREAM_BITS,
  MIN_STREAM_BITS,
} from '../../design/weight-stream.js';
import { choice, integer, list } from '../options.js';
import type { StageOptions } from '../stages/cache.js';
import type { DesignOptions } from '../stages/plan.js';

export interface RunOptions {
  readonly run?: string;
  readonly scheme?: readonly string[];
  readonly force?: boolean;
}

export interface DesignFlags extends RunOptions {
  readonly rows?: number;
  readonly columns?: number;
  readonly name?: string;
  readonly array?: ArrayKind;
  readonly pack?: PlanOptions['pack'];
  readonly dataflow?: Dataflow;
  readonly lockstep?: number;
  readonly inputTable?: boolean;
  readonly maxSteps?: number;
  /** False where a command has --no-dsp. */
  readonly dsp?: number | false;
  readonly dspPairs?: boolean;
  readonly weights?: WeightStore;
  readonly weightStreamBits?: number;
  readonly weightBuffer?: number;
  readonly control?: Control;
  readonly streams?: number;
}

/** Sizes of a model to train. */
export function addSizeOptions(command: Command): Command {
  return command
    .option(
      '--hidden <list>',
      'cells, or cells per layer by comma (default 32)',
      list(integer('--hidden', 1, 2048)),
    )
    .option('--layers <n>', 'stacked layers', integer('--layers', 1, 8), 1)
    .option(
      '--embedding <n>',
      'size of the embedding of a symbol (default 16); 0: none, W_x has a column per symbol',
      integer('--embedding', 0, 1024),
    )
    .option('--bidirectional', 'run every layer in both directions; not for text');
}

/** How much a training step sees, and how many there are. */
export function addStepOptions(command: Command): Command {
  return command
    .option(
      '--steps-per-sequence <n>',
      'length of truncated back-propagation (default 35; series are taken whole)',
      integer('--steps-per-sequence', 1, 10_000),
    )
    .option('--batch <n>', 'sequences side by side (default 20)', integer('--batch', 1, 4096))
    .option(
      '--epochs <n>',
      'passes over the data (default 5 for text)',
      integer('--epochs', 1, 1_000_000),
    )
    .option('--steps <n>', 'stop after so many optimizer steps instead', integer('--steps', 1, 1e9))
    .option('--seed <n>', 'seed of everything random', integer('--seed', 0, 2 ** 31 - 1), 1);
}

export function addRunOptions(command: Command): Command {
  return command
    .option('--run <dir>', 'run folder; default: the only one in runs/')
    .option(
      '--scheme <list>',
      'schemes, by comma; default: all in the run',
      list((name) => name),
    )
    .option('--force', 'repeat the stage though nothing changed');
}

export function addDesignOptions(command: Command): Command {
  return addRunOptions(command)
    .option(
      '--rows <n>',
      'rows of the array: outputs at a time, ws: operands (default: as before, or 8)',
      integer('--rows', 1, 64),
    )
    .option(
      '--columns <n>',
      'columns of the array: sequences at a time, ws: outputs (default: as before, or 1)',
      integer('--columns', 1, 64),
    )
    .option(
      '--array <kind>',
      `what the array multiplies by: ${ARRAY_KINDS.join(', ')} (default: as before, or what suits the scheme)`,
      choice('--array', ARRAY_KINDS),
    )
    .option(
      '--pack <n>',
      `ternary activations in one operand: ${PACKS.join(', ')} (default: as before, or 8)`,
      packOption,
    )
    .option(
      '--dataflow <kind>',
      `how operands reach the array: ${DATAFLOWS.join(', ')} (default: as before, or os); sparse skips zeros, one column; ws holds weights, for many sequences`,
      choice('--dataflow', DATAFLOWS),
    )
    .option(
      '--lockstep <n>',
      'dataflow ws: sequences in lockstep that share each weight read, rows or more to keep the array busy (default: as before, or 1)',
      integer('--lockstep', 1, MAX_SEQUENCES),
    )
    .option('--input-table', 'tables of the sums of W_x by token, for small vocabularies')
    .option('--no-input-table', 'multiply by W_x')
    .option(
      '--max-steps <n>',
      'bidirectional models: the longest sequence that memories hold (default: as before, or the longest of the data)',
      integer('--max-steps', 1, MOST_MAX_STEPS),
    )
    .option(
      '--dsp <n>',
      'int arrays: elements that may have a DSP block, the others multiply in LUTs (default: as before, or all where the device has any)',
      integer('--dsp', 0, MAX_ROWS * MAX_COLUMNS),
    )
    .option(
      '--dsp-pairs',
      'two int8 products to a DSP block, their sums in LUTs; iCE40 UP5K has blocks of two multipliers (default: as before, or one)',
    )
    .option('--no-dsp-pairs', 'one product to a block')
    .option(
      '--weights <where>',
      `weights, row parameters and tables: ${WEIGHT_STORES.join(', ')}; ram is loaded through registers, stream brings the weights from off chip for every step (default: as before, or rom)`,
      choice('--weights', WEIGHT_STORES),
    )
    .option(
      '--weight-stream-bits <n>',
      `width of the port of streamed weights, a multiple of 8 (default: as before, or ${DEFAULT_STREAM_BITS})`,
      integer('--weight-stream-bits', MIN_STREAM_BITS, MAX_STREAM_BITS),
    )
    .option(
      '--weight-buffer <operands>',
      'operands whose weights either half of its buffer holds at least (default: as before, or those of the longest pass)',
      integer('--weight-buffer', 1, MAX_BUFFER_OPERANDS),
    )
    .option(
      '--control <kind>',
      `registers and interrupt for a processor: ${CONTROLS.join(', ')} (default: as before, or none)`,
      choice('--control', CONTROLS),
    )
    .option(
      '--streams <n>',
      `streams of steps that share the core, a power of two: each has its own h and c (default: as before, or 1)`,
      integer('--streams', 1, MAX_STREAMS),
    )
    .option('--name <identifier>', 'name of the top module');
}

function packOption(text: string): PlanOptions['pack'] {
  const found = PACKS.find((pack) => String(pack) === text);
  if (found !== undefined) return found;
  throw new UserError({
    where: '--pack',
    given: JSON.stringify(text),
    allowed: `must be one of ${PACKS.join(', ')}`,
  });
}

export function stageOptions(flags: DesignFlags): StageOptions & DesignOptions {
  const { force, rows, columns, name, array, pack, dataflow, inputTable, maxSteps, dsp, dspPairs } =
    flags;
  const { weights, weightStreamBits, weightBuffer, control, streams, lockstep } = flags;
  return {
    ...{ isForced: force === true, rows, columns, name, inputTable, maxSteps },
    ...(typeof dsp === 'number' && { dsp }),
    ...(dspPairs !== undefined && { dspPairs }),
    ...(array !== undefined && { array }),
    ...(pack !== undefined && { pack }),
    ...(dataflow !== undefined && { dataflow }),
    ...(lockstep !== undefined && { lockstep }),
    ...(weights !== undefined && { weights }),
    ...(weightStreamBits !== undefined && { weightStreamBits }),
    ...(weightBuffer !== undefined && { weightBuffer }),
    ...(control !== undefined && { control }),
    ...(streams !== undefined && { streams }),
  };
}

/** Schemes asked for, or those of the run that have `file`. */
export function schemesOf(
  run: RunFolder,
  given: readonly string[] | undefined,
  file: string,
): string[] {
  run.dataset();
  const found = run.schemesWith(file).filter((scheme) => scheme !== 'float');
  const missing = given?.find((scheme) => !found.includes(scheme));
  if (missing !== undefined) {
    throw new UserError({
      where: '--scheme',
      given: JSON.stringify(missing),
      ...(found.length > 0 && { allowed: `the run has ${found.join(', ')}` }),
      hint: `make it with: halfgate train --scheme ${missing}, or halfgate quantize --scheme ${missing}`,
    });
  }
  if (given !== undefined) return [...new Set(given)];
  if (found.length > 0) return found;
  throw new UserError({
    where: run.path,
    given: `the run has no quantized model`,
    hint: 'make one with: halfgate train --scheme ternary-level3, or halfgate quantize',
  });
}

/** Shown after a result that was already there. */
export function freshText(isFresh: boolean): string {
  return isFresh ? '' : ' (up to date)';
}
