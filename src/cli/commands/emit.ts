import type { Command } from 'commander';
import { UserError } from '../../errors.js';
import type { Context } from '../context.js';
import { DEFAULT_ASIC_MHZ } from '../../emit/packages.js';
import { integer, number } from '../options.js';
import { openRun } from '../run-choice.js';
import { emitStage, type Emitted } from '../stages/emit.js';
import { addDesignOptions, type DesignFlags, schemesOf, stageOptions } from './shared.js';

interface EmitFlags extends DesignFlags {
  readonly out?: string;
  readonly steps: number;
  readonly asicClock?: number;
}

export const DEFAULT_TESTBENCH_STEPS = 32;

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('emit'))
    .summary('write the Verilog project')
    .description('Write the Verilog project: the same design gives the same bytes.')
    .option('--out <dir>', 'folder to write (default <run>/<scheme>/verilog); replaced as a whole')
    .option(
      '--steps <n>',
      'steps of test data in the testbench',
      integer('--steps', 1, 1_000_000),
      DEFAULT_TESTBENCH_STEPS,
    )
    .option(
      '--asic-clock <mhz>',
      `clock in the configuration of LibreLane (default ${DEFAULT_ASIC_MHZ})`,
      number('--asic-clock', 0, 10_000),
    )
    .addHelpText(
      'after',
      `
Examples:
  halfgate emit
  halfgate emit --run runs/book --scheme ternary-level3 --rows 16 --name next_char --out rtl`,
    )
    .action(async (flags: EmitFlags) => {
      const run = openRun(flags.run);
      const schemes = schemesOf(run, flags.scheme, 'quantized.json');
      if (flags.out !== undefined && schemes.length > 1) {
        throw new UserError({
          where: '--out',
          given: `one folder for ${schemes.join(' and ')}`,
          allowed: 'one scheme per folder',
          hint: 'choose it with --scheme',
        });
      }
      const values: (Emitted & { readonly scheme: string })[] = [];
      for (const scheme of schemes) {
        const { out, steps, asicClock } = flags;
        const options = { ...stageOptions(flags), out, steps, asicClockMhz: asicClock };
        values.push({ scheme, ...(await emitStage(run, scheme, options)) });
      }
      const lines = values.map(
        ({ scheme, folder, top, designId, files }) =>
          `${scheme}: ${files} files, top ${top}, design ${designId}, in ${folder}`,
      );
      context().result({ run: run.path, projects: values }, lines.join('\n'));
    });
}
