/** `verify --mutate`: what share of faults, put into the Verilog one by one, verification finds. */
import { findTool } from '../../eda/tools.js';
import { UserError } from '../../errors.js';
import { Random } from '../../model/random.js';
import { FAULT_KINDS } from '../../mutation/faults.js';
import {
  mutationScore,
  type Check,
  type FaultVerdict,
  type MutationReport,
} from '../../mutation/score.js';
import type { Design } from '../../design/design.js';
import type { Scheme } from '../../quant/scheme.js';
import { datasetInput } from '../../verify/dataset-input.js';
import { stressInput } from '../../verify/extreme-input.js';
import type { BatchInput } from '../../verify/golden-run.js';
import { describeCase, randomCases } from '../../verify/random.js';
import type { VerifyEngine } from '../../verify/verify.js';
import type { Context } from '../context.js';
import { pace } from '../progress.js';
import { openRun } from '../run-choice.js';
import { reopenDataset } from '../stages/data.js';
import { withDesign } from '../stages/plan.js';
import { tableText } from '../table.js';
import { type DesignFlags, schemesOf, stageOptions } from './shared.js';

export interface MutateFlags extends DesignFlags {
  /** Steps of test data, or of random sequences. */
  readonly steps: number;
  readonly seed: number;
  readonly limit: number;
  readonly engines: readonly VerifyEngine[];
}

interface NamedReport extends MutationReport {
  readonly of: string;
}

const CHECK_TEXT: Readonly<Record<Check, string>> = {
  npm: 'cosimulation (npm)',
  iverilog: 'generated testbench (iverilog)',
};

/** Verilator would compile C++ for every fault. */
async function checksOf(engines: readonly VerifyEngine[], context: Context): Promise<Check[]> {
  const checks: Check[] = [];
  if (engines.includes('npm')) checks.push('npm');
  if (engines.includes('iverilog')) {
    if ((await findTool('iverilog')) !== undefined) checks.push('iverilog');
    else context.progress.note('iverilog is not installed: the generated testbench is not scored');
  }
  if (checks.length > 0) return checks;
  throw new UserError({
    where: '--engines',
    given: engines.join(','),
    allowed: 'npm, or iverilog where it is installed, with --mutate',
  });
}

const percent = (score: number): string => `${(100 * score).toFixed(1)} %`;

function survivorLines({ of, faults, scores }: NamedReport): string[] {
  const missed = (fault: FaultVerdict): string[] =>
    scores.flatMap(({ check }) => (fault.found[check] === undefined ? [check] : []));
  return faults
    .filter((fault) => !fault.isEquivalent && missed(fault).length > 0)
    .flatMap((fault) => [
      `${of}: ${fault.file}:${fault.line}: ${FAULT_KINDS[fault.kind]}: not found by ${missed(fault).join(', ')}`,
      `    ${fault.before}`,
      `    ${fault.after}`,
    ]);
}

function tell(context: Context, run: string | undefined, reports: readonly NamedReport[]): void {
  const rows = reports.flatMap(({ of, faults, equivalent, scores }) =>
    scores.map(({ check, killed, survived, score }) => [
      of,
      CHECK_TEXT[check],
      ...[faults.length, killed, survived, equivalent].map(String),
      percent(score),
    ]),
  );
  const header = ['design', 'check', 'faults', 'found', 'survived', 'equivalent', 'score'];
  const parts = [tableText(header, rows)];
  const survivors = reports.flatMap(survivorLines);
  if (survivors.length > 0) parts.push(`not found:\n${survivors.join('\n')}`);
  parts.push(
    'score: found / (found + survived); equivalent: proved to do the same as without the fault (Yosys, SAT)',
  );
  context.result({ ...(run === undefined ? {} : { run }), designs: reports }, parts.join('\n\n'));
}

async function score(
  of: string,
  design: Design,
  data: readonly BatchInput[],
  count: number,
  flags: MutateFlags,
  context: Context,
): Promise<NamedReport> {
  const { seed, steps } = flags;
  const left = pace();
  const report = await mutationScore(
    design,
    [...data, ...stressInput(design, steps, new Random(seed))],
    {
      ...{ count, seed, limitSeconds: flags.limit, signal: context.signal },
      checks: await checksOf(flags.engines, context),
      onFault: ({ kind, file, line }, done) =>
        context.progress.update(
          done / count,
          `${of}: ${done} of ${count}: ${file}:${line}: ${FAULT_KINDS[kind]}`,
          left(done / count),
        ),
    },
  );
  return { of, ...report };
}

export async function mutateRun(
  flags: MutateFlags,
  count: number,
  context: Context,
): Promise<void> {
  const run = openRun(flags.run);
  const reports: NamedReport[] = [];
  for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
    const work = (design: Design): Promise<NamedReport> => {
      const data = datasetInput(design, reopenDataset(run).dataset, flags.steps);
      return score(scheme, design, data, count, flags, context);
    };
    reports.push(await withDesign(run, scheme, stageOptions(flags), work));
  }
  tell(context, run.path, reports);
}

export async function mutateRandom(
  flags: MutateFlags,
  designs: number,
  scheme: string | Scheme | undefined,
  count: number,
  context: Context,
): Promise<void> {
  const reports: NamedReport[] = [];
  for (const drawn of randomCases(flags.seed, designs, scheme, context.signal)) {
    const { design, batches } = drawn;
    reports.push(await score(describeCase(drawn), design, batches, count, flags, context));
  }
  tell(context, undefined, reports);
}
