import type { Command } from 'commander';
import type { Context } from '../context.js';
import { openRun } from '../run-choice.js';
import { quantizeStage } from '../stages/quantize.js';
import { tableText } from '../table.js';
import { addRunOptions, freshText, type RunOptions } from './shared.js';
import { accuracyText } from './train.js';

export function register(program: Command, context: () => Context): void {
  addRunOptions(program.command('quantize'))
    .summary('turn trained models into integers')
    .description(
      'Turn trained models into the integers that the hardware computes with. A model trained in the scheme ' +
        'gives the very integers of its training; without one the float model is quantized after training.',
    )
    .addHelpText(
      'after',
      `
Examples:
  halfgate quantize                              every scheme of the only run
  halfgate quantize --run runs/book --scheme int8`,
    )
    .action(async (flags: RunOptions) => {
      const run = openRun(flags.run);
      const trained = run.schemesWith('model.json').filter((name) => name !== 'float');
      const schemes = flags.scheme ?? (trained.length > 0 ? trained : ['int8']);
      const rows: string[][] = [];
      const values: object[] = [];
      for (const scheme of new Set(schemes)) {
        const { value, isFresh } = await quantizeStage(
          run,
          scheme,
          { isForced: flags.force === true },
          context(),
        );
        const { trainedInScheme, weightBytes, evaluation } = value;
        values.push({ scheme, isFresh, trainedInScheme, weightBytes, evaluation });
        rows.push([
          `${scheme}${freshText(isFresh)}`,
          trainedInScheme ? 'in training' : 'after training',
          accuracyText(evaluation),
          String(weightBytes),
        ]);
      }
      const table = tableText(['scheme', 'quantized', 'golden model', 'weight bytes'], rows);
      context().result({ run: run.path, models: values }, table);
    });
}
