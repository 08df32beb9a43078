import type { Command } from 'commander';
import type { Context } from '../context.js';
import { integer, list, number } from '../options.js';
import { openRun } from '../run-choice.js';
import { simulateStage } from '../stages/simulate.js';
import { tableText } from '../table.js';
import {
  addDesignOptions,
  type DesignFlags,
  freshText,
  schemesOf,
  stageOptions,
} from './shared.js';

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('simulate'))
    .summary('cycles of the accelerator, and where they go')
    .description('Plan the accelerator and count its cycles: exactly those of the emitted Verilog.')
    .option(
      '--sequences <list>',
      'lengths of the sequences, one after the other (default: 256, or the longest that the design holds)',
      list(integer('--sequences', 1, 1e6)),
    )
    .option(
      '--density <share>',
      'sparse dataflow: the share of activations that are not zero, instead of those of the test data',
      number('--density', 0, 1),
    )
    .addHelpText(
      'after',
      `
Examples:
  halfgate simulate --rows 16
  halfgate simulate --run runs/book --scheme int8 --rows 8 --columns 2 --sequences 100,100
  halfgate simulate --dataflow sparse                what skipping zeros saves on the test data
  halfgate simulate --dataflow sparse --density 0.3`,
    )
    .action((flags: SimulateFlags) => runSimulate(flags, context()));
}

interface SimulateFlags extends DesignFlags {
  readonly sequences?: readonly number[];
  readonly density?: number;
}

async function runSimulate(flags: SimulateFlags, context: Context): Promise<void> {
  const run = openRun(flags.run);
  const rows: string[][] = [];
  const values: object[] = [];
  for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
    const { sequences, density } = flags;
    const options = { ...stageOptions(flags), sequences, density };
    const { value, isFresh } = await simulateStage(run, scheme, options);
    const { inputs: _, ...report } = value;
    values.push({ isFresh, ...report });
    const { mac, flush, pad, stallInput, stallDependency, stallOutput, tail } = report.breakdown;
    const share = (cycles: number): string => `${((100 * cycles) / report.cycles).toFixed(1)} %`;
    rows.push([
      `${scheme} ${report.rows}x${report.columns}${freshText(isFresh)}`,
      report.cyclesPerStep.toFixed(1),
      `${(100 * report.utilization).toFixed(1)} %`,
      String(report.cycles),
      share(mac),
      share(flush + pad),
      share(stallInput + stallDependency + stallOutput),
      share(tail),
      report.sparse ? `${(100 * report.sparse.skipped).toFixed(1)} %` : '-',
      report.sparse ? `${report.sparse.speedUp.toFixed(2)}x` : '-',
    ]);
  }
  const header = [
    'design',
    'cycles/step',
    'utilization',
    'cycles',
    'mac',
    'flush',
    'stall',
    'tail',
    'skipped',
    'against os',
  ];
  context.result({ run: run.path, simulations: values }, tableText(header, rows));
}
