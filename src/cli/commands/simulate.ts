import type { Command } from 'commander';
import type { Context } from '../context.js';
import { integer, list } from '../options.js';
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
    .addHelpText(
      'after',
      `
Examples:
  halfgate simulate --rows 16
  halfgate simulate --run runs/book --scheme int8 --rows 8 --columns 2 --sequences 100,100`,
    )
    .action((flags: DesignFlags & { readonly sequences?: readonly number[] }) =>
      runSimulate(flags, context()),
    );
}

async function runSimulate(
  flags: DesignFlags & { readonly sequences?: readonly number[] },
  context: Context,
): Promise<void> {
  const run = openRun(flags.run);
  const rows: string[][] = [];
  const values: object[] = [];
  for (const scheme of schemesOf(run, flags.scheme, 'quantized.json')) {
    const options = { ...stageOptions(flags), sequences: flags.sequences };
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
  ];
  context.result({ run: run.path, simulations: values }, tableText(header, rows));
}
