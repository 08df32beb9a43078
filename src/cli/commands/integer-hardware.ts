/** The hardware part of `halfgate integer`: Verilog project, verification, synthesis of an integer model. */
import { type Command, Option } from 'commander';
import type { Family } from '../../eda/synth.js';
import { UserError } from '../../errors.js';
import type { IntegerModel } from '../../integer/model.js';
import { datasetSequences, longestSequence } from '../../integer-hardware/dataset-input.js';
import {
  type IntegerDesign,
  IntegerDesignError,
  planIntegerModel,
} from '../../integer-hardware/design.js';
import { integerDesignId } from '../../integer-hardware/emit.js';
import { type IntegerVerification, verifyInteger } from '../../integer-hardware/engines.js';
import type { IntegerSequences } from '../../integer-hardware/golden.js';
import { type IntegerMeasurement, measureInteger } from '../../integer-hardware/measure.js';
import { emitIntegerProject } from '../../integer-hardware/project.js';
import { simulateInteger } from '../../integer-hardware/simulate.js';
import type { Dataset } from '../../model/dataset.js';
import { writeFolderAtomic } from '../../store/atomic.js';
import type { RunFolder } from '../../store/run-folder.js';
import type { VerifyEngine } from '../../verify/verify.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { choice, integer, list } from '../options.js';
import { tableText } from '../table.js';
import { FOLDER } from './integer-stages.js';

export type IntegerMethod = 'post-training' | 'qat';

export interface HardwareFlags {
  readonly emit?: string | true;
  readonly verify?: boolean;
  readonly synth?: Family | true;
  readonly model?: IntegerMethod;
  readonly rows: number;
  readonly name: string;
  readonly maxSteps?: number;
  readonly testSteps: number;
  readonly engines: readonly VerifyEngine[];
  readonly dsp: boolean;
}

/** Attributes of the options here. */
export const HARDWARE_FLAGS: readonly (keyof HardwareFlags)[] = [
  ...(['emit', 'verify', 'synth', 'model', 'rows', 'name'] as const),
  ...(['maxSteps', 'testSteps', 'engines', 'dsp'] as const),
];

const ROWS = 4;
const NAME = 'lstm';
const TEST_STEPS = 32;
const ENGINES = ['npm', 'iverilog', 'verilator'] as const;
const FAMILIES = ['ice40-up5k', 'ice40-hx8k', 'ecp5', 'xc7'] as const;
/** A file that every emitted folder has: a folder with it may be replaced. */
const MARKER = 'files.f';

function identifier(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) return text;
  throw new UserError({
    where: '--name',
    given: JSON.stringify(text),
    allowed: 'must be a Verilog identifier',
  });
}

export function addHardwareOptions(command: Command): Command {
  return command
    .optionsGroup('Hardware (of --model; without data options, of the models in --run):')
    .option('--emit [dir]', 'write its Verilog project (default <run>/integer/verilog)')
    .option('--verify', 'run its Verilog against the golden integers and the simulator')
    .addOption(
      new Option('--synth [family]', `measure LUTs with Yosys: ${FAMILIES.join(', ')}`)
        .argParser(choice('--synth', FAMILIES))
        .preset(FAMILIES[0]),
    )
    .addOption(
      new Option('--model <name>', 'which integer model (default: qat where there is one)').choices(
        ['post-training', 'qat'],
      ),
    )
    .option('--rows <n>', 'processing elements', integer('--rows', 1, 256), ROWS)
    .option('--name <identifier>', 'name of the top module', identifier, NAME)
    .option(
      '--max-steps <n>',
      'bidirectional: steps that the memory holds (default: the longest sequence of the data)',
      integer('--max-steps', 1, 65536),
    )
    .option(
      '--test-steps <n>',
      'steps of test data, in whole sequences, in testbench and --verify',
      integer('--test-steps', 1, 1_000_000),
      TEST_STEPS,
    )
    .addOption(
      new Option('--engines <list>', `simulators of --verify: ${ENGINES.join(', ')}`)
        .argParser(list(choice('--engines', ENGINES)))
        .default(ENGINES, 'all that are installed'),
    )
    .option('--no-dsp', '--synth: multipliers in LUTs');
}

export function asksForHardware({ emit, verify, synth }: HardwareFlags): boolean {
  return emit !== undefined || verify === true || synth !== undefined;
}

/** Options that say how the hardware is, without one that asks for any. */
export function checkHardwareFlags(given: readonly string[], flags: HardwareFlags): void {
  const lone = given.find((name) => (HARDWARE_FLAGS as readonly string[]).includes(name));
  if (asksForHardware(flags) || lone === undefined) return;
  const option = `--${lone === 'dsp' ? 'no-dsp' : lone.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  throw new UserError({
    where: option,
    given: 'without --emit, --verify or --synth',
    allowed: 'belongs to them',
  });
}

export interface HardwareJob {
  readonly run: RunFolder;
  readonly method: IntegerMethod;
  readonly model: IntegerModel;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly context: Context;
}

export interface HardwareResult {
  readonly value: object;
  readonly text: string;
}

/** Room for the longest sequence there is, unless told otherwise. */
function maxStepsOf(flags: HardwareFlags, dataset: Dataset): number {
  const longest = Math.max(1, longestSequence(dataset));
  return flags.maxSteps ?? Math.min(longest, 65536);
}

function planned(flags: HardwareFlags, { model, dataset }: HardwareJob): IntegerDesign {
  const { name, rows } = flags;
  try {
    return planIntegerModel(model, { name, rows, maxSteps: maxStepsOf(flags, dataset) });
  } catch (error) {
    if (!(error instanceof IntegerDesignError)) throw error;
    const { problems } = error;
    const text = problems.length === 1 ? problems[0] : `\n  ${problems.join('\n  ')}`;
    throw new UserError({ where: 'design', given: text });
  }
}

/** Test sequences that fit the memory of whole ones; a UserError where none does. */
function testSequences(
  design: IntegerDesign,
  flags: HardwareFlags,
  { model, dataset }: HardwareJob,
): IntegerSequences {
  const sequences = datasetSequences(model, dataset, flags.testSteps);
  const tooLong = sequences.find(({ length }) => length > design.maxSteps);
  if (design.flow === 'sequences' && tooLong !== undefined) {
    throw new UserError({
      where: '--max-steps',
      given: `${design.maxSteps}, with a test sequence of ${tooLong.length} steps`,
      allowed: `must hold it, or --test-steps must stop before it`,
    });
  }
  if (sequences.length === 0) {
    throw new UserError({ where: 'data', given: 'the test part is empty' });
  }
  return sequences;
}

/** Everything that the flags ask for, in the order: project, verification, synthesis. */
export async function runHardware(flags: HardwareFlags, job: HardwareJob): Promise<HardwareResult> {
  const { run, method, seed, context } = job;
  const { signal, progress } = context;
  const design = planned(flags, job);
  const sequences = testSequences(design, flags, job);
  const timing = simulateInteger(design, { sequences: sequences.map(({ length }) => length) });
  const about = {
    ...{ model: method, top: design.name, designId: integerDesignId(design), rows: design.rows },
    ...{ flow: design.flow, maxSteps: design.maxSteps || undefined },
    ...{ cyclesPerStep: timing.cyclesPerStep, utilization: timing.utilization },
    ...{ sequences: sequences.length, steps: sequences.reduce((n, { length }) => n + length, 0) },
  };
  const lines = [
    `hardware of ${method}: design ${about.designId}, top ${about.top}, ${about.rows} rows; ` +
      `${Math.round(about.cyclesPerStep)} cycles a step, the array busy ${(100 * about.utilization).toFixed(1)} %`,
  ];
  let project: { readonly folder: string; readonly files: number } | undefined;
  if (flags.emit !== undefined) {
    const folder = flags.emit === true ? run.file(FOLDER, 'verilog') : flags.emit;
    const files = emitIntegerProject(design, sequences);
    writeFolderAtomic(folder, files, MARKER);
    project = { folder, files: Object.keys(files).length };
    lines.push(`${project.files} files in ${folder}`);
  }
  let verification: IntegerVerification | undefined;
  if (flags.verify) {
    verification = await verifyInteger(design, sequences, {
      ...{ engines: flags.engines, seed, signal },
      onEngine: (engine, done) => progress.update(done, `verify ${method}: ${engine}`, NaN),
    });
    lines.push('', verificationText(verification, about));
    if (!verification.passed) throw new StageFailure(failureText(method, verification));
  }
  let synthesis: IntegerMeasurement | undefined;
  if (flags.synth !== undefined) {
    const family = flags.synth === true ? FAMILIES[0] : flags.synth;
    progress.update(0.1, `synth ${method}: yosys for ${family}`, NaN);
    const options = { family, isDspAllowed: flags.dsp, signal };
    synthesis = await measureInteger(design, options);
    lines.push('', synthesisText(synthesis));
  }
  progress.clear();
  return { value: { ...about, project, verification, synthesis }, text: lines.join('\n') };
}

function verificationText(
  { engines, cycles, statesChecked, outputsChecked }: IntegerVerification,
  { sequences, steps }: { readonly sequences: number; readonly steps: number },
): string {
  const rows = engines.map(({ engine, status, bitMismatches, cycleMismatches, tool }) => {
    const counts = [bitMismatches, cycleMismatches].map(String);
    return [engine, status, ...(status === 'skipped' ? ['', ''] : counts), tool];
  });
  const header = ['simulator', 'verdict', 'bit mismatches', 'cycle mismatches', 'tool'];
  const compared =
    statesChecked === 0
      ? ''
      : `, ${cycles} cycles; ${statesChecked} values of c, m and h and ${outputsChecked} outputs compared`;
  return `${tableText(header, rows)}\n${sequences} ${sequences === 1 ? 'sequence' : 'sequences'}, ${steps} steps of test data${compared}`;
}

function failureText(
  method: IntegerMethod,
  { engines, bitMismatches, cycleMismatches }: IntegerVerification,
): string {
  const problems = engines.flatMap(({ engine, problems, status, tool }) =>
    status === 'skipped' ? [`  ${tool}`] : problems.map((text) => `  ${engine}: ${text}`),
  );
  const counts = `${bitMismatches} bit mismatches, ${cycleMismatches} cycle mismatches`;
  return [`${method}: ${counts}`, ...problems].join('\n');
}

function synthesisText({ family, resources, tool }: IntegerMeasurement): string {
  const { luts, ffs, brams, dsps } = resources;
  const header = [family, 'LUT', 'FF', 'BRAM', 'DSP'];
  return tableText(header, [[tool, ...[luts, ffs, brams, dsps].map(String)]]);
}
