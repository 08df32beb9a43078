import { type Command, Option } from 'commander';
import { UserError } from '../../errors.js';
import type { RandomCoverage } from '../../verify/coverage.js';
import { verifyRandom } from '../../verify/random.js';
import type { VerifyEngine } from '../../verify/verify.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { findScheme } from '../scheme-choice.js';
import { choice, integer, list } from '../options.js';
import { NETLIST_FAMILIES } from '../../eda/post-synth.js';
import { DEFAULT_LIMIT_SECONDS } from '../../formal/prove.js';
import { pace } from '../progress.js';
import { openRun } from '../run-choice.js';
import { verifyStage } from '../stages/verify.js';
import { wavesStage, type Written } from '../stages/waves.js';
import { tableText } from '../table.js';
import {
  addDesignOptions,
  type DesignFlags,
  freshText,
  schemesOf,
  stageOptions,
} from './shared.js';
import { type FormalFlags, proveRandom, proveRun } from './verify-formal.js';
import { type MutateFlags, mutateRandom, mutateRun } from './verify-mutate.js';
import { netlistOfRandom, netlistOfRun, type NetlistFlags } from './verify-netlist.js';

interface VerifyFlags extends DesignFlags, FormalFlags, MutateFlags, NetlistFlags {
  readonly steps: number;
  readonly engines: readonly VerifyEngine[];
  readonly random?: number;
  readonly formal?: boolean;
  readonly mutate?: number;
  readonly netlist?: boolean;
  readonly seed: number;
  readonly vcd?: boolean;
  readonly fst?: boolean;
  readonly waveSteps: number;
}

const VERIFY_ENGINES = ['npm', 'iverilog', 'verilator'] as const;
export const DEFAULT_VERIFY_STEPS = 64;
const DEFAULT_WAVE_STEPS = 4;

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('verify'))
    .summary('run the Verilog against the golden model and the simulator')
    .description(
      'Run the emitted Verilog itself, with npm-installed tools alone, on the test data of the run: every ' +
        "hidden value and every result against the golden integer model, every result's cycle against the " +
        'simulator. With --random: designs and data drawn from a seed instead; no run is needed. With --formal: every unit of the design is proved equal to its ' +
        'specification (rtl-specs/) for all inputs, and from the weights that no width overflows, instead.',
    )
    .option(
      '--steps <n>',
      'steps of test data to run',
      integer('--steps', 1, 1_000_000),
      DEFAULT_VERIFY_STEPS,
    )
    .addOption(
      new Option('--engines <list>', `simulators: ${VERIFY_ENGINES.join(', ')}`)
        .argParser(list(choice('--engines', VERIFY_ENGINES)))
        .default(VERIFY_ENGINES, 'all that are installed'),
    )
    .option('--random <n>', 'verify so many random designs', integer('--random', 1, 100_000))
    .option('--formal', 'prove units and widths, instead of running the Verilog')
    .option(
      '--mutate <n>',
      'put n faults, drawn from --seed, into the Verilog one by one: what share of them verification finds',
      integer('--mutate', 1, 100_000),
    )
    .option('--netlist', 'run what synthesis makes of the design, instead of the Verilog')
    .option(
      '--family <name>',
      `of --netlist: ${NETLIST_FAMILIES.join(', ')}`,
      choice('--family', NETLIST_FAMILIES),
      'ice40-up5k',
    )
    .option(
      '--limit <seconds>',
      'time limit of one proof of --formal, or of equivalence of --mutate',
      integer('--limit', 1, 86_400),
      DEFAULT_LIMIT_SECONDS,
    )
    .option('--seed <n>', 'seed of --random and --mutate', integer('--seed', 0, 2 ** 31 - 1), 1)
    .option('--vcd', 'record waves as well, with a save file of grouped signals for GTKWave')
    .option('--fst', 'the same as FST, which takes Icarus Verilog')
    .option(
      '--wave-steps <n>',
      'steps of test data in --vcd and --fst',
      integer('--wave-steps', 1, 100_000),
      DEFAULT_WAVE_STEPS,
    )
    .addHelpText(
      'after',
      `
Examples:
  halfgate verify
  halfgate verify --vcd && gtkwave runs/book/int8/waves/*.vcd.gtkw
  halfgate verify --run runs/book --scheme int8 --rows 5 --columns 3 --steps 200
  halfgate verify --random 50 --seed 7
  halfgate verify --random 20 --scheme hitnet
  halfgate verify --formal --run runs/book --scheme int8
  halfgate verify --formal --random 10
  halfgate verify --mutate 100 --run runs/book --scheme int8
  halfgate verify --netlist --run runs/book --steps 4`,
    )
    .action((flags: VerifyFlags) => {
      checkModes(flags);
      checkWaves(flags);
      return flags.random === undefined
        ? verifyRun(flags, context())
        : verifySeed(flags, flags.random, context());
    });
}

/** Formats of waves that are asked for. */
function waveFormats({ vcd, fst }: VerifyFlags): ('vcd' | 'fst')[] {
  return [...(vcd === true ? (['vcd'] as const) : []), ...(fst === true ? (['fst'] as const) : [])];
}

function checkWaves(flags: VerifyFlags): void {
  const [format] = waveFormats(flags);
  const others = [...modesOf(flags), ...(flags.random === undefined ? [] : ['--random'])];
  if (format === undefined || others.length === 0) return;
  throw new UserError({
    where: `--${format}`,
    given: `with ${others[0]}`,
    allowed: 'waves are of a run, on its test data',
  });
}

function wavesText(scheme: string, { format, files, cycles, signals }: Written): string {
  return `${scheme}: ${format} of ${signals} signals over ${cycles} cycles in ${files.join(', ')}`;
}

/** What to do instead of running the Verilog: one thing at a time. */
function modesOf({ formal, mutate, netlist }: VerifyFlags): string[] {
  return [
    ...(formal === true ? ['--formal'] : []),
    ...(mutate === undefined ? [] : ['--mutate']),
    ...(netlist === true ? ['--netlist'] : []),
  ];
}

function checkModes(flags: VerifyFlags): void {
  const modes = modesOf(flags);
  if (modes.length <= 1) return;
  throw new UserError({
    where: modes[0],
    given: `with ${modes[1]}`,
    allowed: 'one of them at a time',
  });
}

async function verifyRun(flags: VerifyFlags, context: Context): Promise<void> {
  if (flags.formal === true) return proveRun(flags, context);
  if (flags.mutate !== undefined) return mutateRun(flags, flags.mutate, context);
  if (flags.netlist === true) return netlistOfRun(flags, context);
  const run = openRun(flags.run);
  const rows: string[][] = [];
  const values: object[] = [];
  const facts: string[] = [];
  for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
    const { steps, engines } = flags;
    const options = { ...stageOptions(flags), steps, engines };
    const { value, isFresh } = await verifyStage(run, scheme, options, context);
    const formats = waveFormats(flags);
    const waveOptions = { ...stageOptions(flags), formats, steps: flags.waveSteps };
    const waves = formats.length > 0 ? await wavesStage(run, scheme, waveOptions, context) : [];
    const { inputs: _, ...report } = value;
    values.push({ isFresh, ...report, ...(waves.length > 0 ? { waves } : {}) });
    for (const { engine, tool, status, bitMismatches, cycleMismatches } of report.engines) {
      const isSkipped = status === 'skipped';
      rows.push([
        `${scheme}${freshText(isFresh)}`,
        engine,
        status,
        isSkipped ? '' : String(bitMismatches),
        isSkipped ? '' : String(cycleMismatches),
        tool,
      ]);
    }
    facts.push(
      `${scheme}: ${report.steps} steps, ${report.cycles} cycles; ${report.hiddenChecked} hidden values and ` +
        `${report.resultsChecked} results compared`,
      ...waves.map((written) => wavesText(scheme, written)),
    );
  }
  const header = ['scheme', 'simulator', 'verdict', 'bit mismatches', 'cycle mismatches', 'tool'];
  const text = `${tableText(header, rows)}\n\n${facts.join('\n')}`;
  context.result({ run: run.path, verifications: values }, text);
}

async function verifySeed(flags: VerifyFlags, count: number, context: Context): Promise<void> {
  if (flags.run !== undefined) {
    throw new UserError({
      where: '--random',
      given: 'with --run',
      allowed: 'random designs come from the seed alone',
    });
  }
  const schemes = flags.scheme?.map(findScheme);
  if (schemes !== undefined && schemes.length > 1) {
    throw new UserError({
      where: '--scheme',
      given: `${schemes.length} schemes with --random`,
      allowed: 'one, or none for any',
    });
  }
  if (flags.formal === true) {
    return proveRandom(flags, count, flags.seed, schemes?.[0], context);
  }
  if (flags.mutate !== undefined) {
    return mutateRandom(flags, count, schemes?.[0], flags.mutate, context);
  }
  if (flags.netlist === true) return netlistOfRandom(flags, count, schemes?.[0], context);
  const left = pace();
  const { cases, coverage, seed, bitMismatches, cycleMismatches } = await verifyRandom({
    count,
    seed: flags.seed,
    ...(schemes && { scheme: schemes[0] }),
    signal: context.signal,
    onCase: (done, description, result) => {
      if (result.bitMismatches + result.cycleMismatches > 0) {
        context.progress.note(
          `design ${done} of seed ${flags.seed}: ${description}\n  ${result.firstProblems.join('\n  ')}`,
        );
      }
      context.progress.update(
        done / count,
        `${done} of ${count}: ${description}`,
        left(done / count),
      );
    },
  });
  const sum = (of: 'hiddenChecked' | 'resultsChecked' | 'cycles'): number =>
    cases.reduce((total, { result }) => total + result[of], 0);
  const text =
    `${cases.length} random designs, seed ${seed}: ${bitMismatches} bit mismatches, ${cycleMismatches} cycle mismatches\n` +
    `compared ${sum('hiddenChecked')} hidden values and ${sum('resultsChecked')} results over ${sum('cycles')} cycles\n${coverageText(coverage)}`;
  const isGood = bitMismatches + cycleMismatches === 0;
  context.result({ seed, bitMismatches, cycleMismatches, coverage, cases }, text);
  if (!isGood)
    throw new StageFailure(`random designs of seed ${seed}: the Verilog differs from the model`);
}

/** `arrays: binary 3, int 2, ...`, a line for each aspect. */
function coverageText(coverage: RandomCoverage): string {
  return Object.entries(coverage)
    .map(([aspect, counts]) => {
      const named = Object.entries(counts as Record<string, number>);
      return `${aspect}: ${named.map(([name, count]) => `${name} ${count}`).join(', ')}`;
    })
    .join('\n');
}
