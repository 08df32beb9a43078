/** `verify --netlist`: what synthesis makes of a design, run like the Verilog. */
import type { NetlistFamily } from '../../eda/post-synth.js';
import type { Design } from '../../design/design.js';
import type { Scheme } from '../../quant/scheme.js';
import { datasetInput } from '../../verify/dataset-input.js';
import type { BatchInput } from '../../verify/golden-run.js';
import { verifyNetlist, type NetlistVerification } from '../../verify/netlist.js';
import { describeCase, randomCases } from '../../verify/random.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';
import { pace } from '../progress.js';
import { openRun } from '../run-choice.js';
import { reopenDataset } from '../stages/data.js';
import { withDesign } from '../stages/plan.js';
import { tableText } from '../table.js';
import { type DesignFlags, schemesOf, stageOptions } from './shared.js';

export interface NetlistFlags extends DesignFlags {
  readonly steps: number;
  readonly seed: number;
  readonly family: NetlistFamily;
}

interface NamedVerification extends NetlistVerification {
  readonly of: string;
}

function tell(context: Context, run: string | undefined, all: readonly NamedVerification[]): void {
  const rows = all.map(({ of, family, resources, cycles, resultsChecked, ...rest }) => {
    const { luts, ffs, brams, dsps } = resources;
    const counts = [luts, ffs, brams, dsps, cycles, resultsChecked];
    const verdicts = [rest.bitMismatches, rest.cycleMismatches];
    return [of, family, ...[...counts, ...verdicts].map(String)];
  });
  const header = [
    ...['design', 'netlist', 'LUT', 'FF', 'BRAM', 'DSP', 'cycles', 'results compared'],
    ...['bit mismatches', 'cycle mismatches'],
  ];
  const runs = all[0]?.runs.join('; ') ?? '';
  const text = `${tableText(header, rows)}\n\n${all[0]?.tool ?? ''}; each runs: ${runs}`;
  context.result({ ...(run === undefined ? {} : { run }), netlists: all }, text);
  const wrong = all.filter(({ firstProblems }) => firstProblems.length > 0);
  if (wrong.length > 0) {
    const lines = wrong.flatMap(({ of, firstProblems }) =>
      firstProblems.map((problem) => `  ${of}: ${problem}`),
    );
    throw new StageFailure(['the netlist differs from the model', ...lines].join('\n'));
  }
}

async function check(
  of: string,
  design: Design,
  batches: readonly BatchInput[],
  { family, seed }: NetlistFlags,
  context: Context,
): Promise<NamedVerification> {
  const left = pace();
  const result = await verifyNetlist(design, batches, {
    ...{ family, seed, signal: context.signal },
    onProgress: (fraction, what) =>
      context.progress.update(fraction, `netlist of ${of}: ${what}`, left(fraction)),
  });
  return { of, ...result };
}

export async function netlistOfRun(flags: NetlistFlags, context: Context): Promise<void> {
  const run = openRun(flags.run);
  const all: NamedVerification[] = [];
  for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
    const work = (design: Design): Promise<NamedVerification> => {
      const batches = datasetInput(design, reopenDataset(run).dataset, flags.steps);
      return check(scheme, design, batches, flags, context);
    };
    all.push(await withDesign(run, scheme, stageOptions(flags), work));
  }
  tell(context, run.path, all);
}

export async function netlistOfRandom(
  flags: NetlistFlags,
  designs: number,
  scheme: string | Scheme | undefined,
  context: Context,
): Promise<void> {
  const all: NamedVerification[] = [];
  for (const drawn of randomCases(flags.seed, designs, scheme, context.signal)) {
    all.push(await check(describeCase(drawn), drawn.design, drawn.batches, flags, context));
  }
  tell(context, undefined, all);
}
