import { type Command } from 'commander';
import { boardNames, loadBoard } from '../../board/board.js';
import { UserError } from '../../errors.js';
import type { Context } from '../context.js';
import { integer, number } from '../options.js';
import { openRun } from '../run-choice.js';
import { type Built, buildFigures, buildStage } from '../stages/build.js';
import { addDesignOptions, type DesignFlags, schemesOf, stageOptions } from './shared.js';

interface BuildFlags extends DesignFlags {
  readonly board?: string;
  readonly boards?: boolean;
  readonly clock?: number;
  readonly baud?: number;
  readonly steps: number;
  readonly seed: number;
  readonly native?: boolean;
  readonly out?: string;
}

const DEFAULT_STEPS = 8;

function builtText(scheme: string, built: Built): string {
  const { board, simulated, bitstream, missing, folder } = built;
  return [
    `${scheme} on ${board}:`,
    ...buildFigures(built).map((line) => `  ${line}`),
    `  simulated at its UART pins: ${simulated.steps} steps, ${simulated.results} results, every byte as the model says`,
    bitstream === null ? `  no bitstream: ${missing}` : `  bitstream: ${bitstream}`,
    `  folder: ${folder}`,
  ].join('\n');
}

export function register(program: Command, context: () => Context): void {
  addDesignOptions(program.command('build'))
    .summary('a bitstream for a board, with a UART around the design')
    .description(
      "Put the design on a board: a top module with clock, reset and UART, the board's pins, and, where the tools are " +
        '(for iCE40 npm brings them), the bitstream. The top is simulated at its pins first; a design that does not fit ' +
        'or misses its clock is refused, and nothing is written.',
    )
    .option('--board <name>', `a board by name, or the path of your own .json`)
    .option('--boards', 'list the boards that come with halfgate')
    .option(
      '--clock <mhz>',
      "clock of the design (default: the board's); a PLL makes it",
      number('--clock', 0, 500),
    )
    .option('--baud <n>', "of the UART (default: the board's)", integer('--baud', 300, 12_000_000))
    .option(
      '--steps <n>',
      'steps of test data for the simulation and exchange.txt',
      integer('--steps', 1, 100_000),
      DEFAULT_STEPS,
    )
    .option('--seed <n>', 'seed of the placer', integer('--seed', 0, 2 ** 31 - 1), 1)
    .option('--no-dsp', 'every product in LUTs')
    .option('--native', 'use yosys, nextpnr and icepack on PATH')
    .option(
      '--out <dir>',
      'folder to write (default <run>/<scheme>/board/<board>); replaced as a whole',
    )
    .addHelpText(
      'after',
      `
Examples:
  halfgate build --boards
  halfgate build --board icebreaker
  halfgate build --run runs/book --scheme ternary-level3 --rows 4 --board icebreaker --clock 24
  halfgate build --board my-board.json --out board`,
    )
    .action(async (flags: BuildFlags) => {
      if (flags.boards === true) return listBoards(context());
      const { board: name, out, clock, baud, steps, seed, native } = flags;
      if (name === undefined) {
        throw new UserError({
          where: '--board',
          given: 'missing',
          allowed: `must be one of ${boardNames().join(', ')}, or the path of a .json`,
        });
      }
      const board = loadBoard(name);
      const run = openRun(flags.run);
      const schemes = schemesOf(run, flags.scheme, 'quantized.json');
      if (out !== undefined && schemes.length > 1) {
        throw new UserError({
          where: '--out',
          given: `one folder for ${schemes.join(' and ')}`,
          allowed: 'one scheme per folder',
          hint: 'choose it with --scheme',
        });
      }
      const values: (Built & { readonly scheme: string })[] = [];
      for (const scheme of schemes) {
        const options = {
          ...stageOptions(flags),
          ...{ board, out, clockMhz: clock, baud, steps, seed, usesDsp: flags.dsp !== false },
          tool: native === true ? 'native' : 'npm',
        } as const;
        values.push({ scheme, ...(await buildStage(run, scheme, options, context())) });
      }
      const text = values.map(({ scheme, ...built }) => builtText(scheme, built)).join('\n\n');
      context().result({ run: run.path, builds: values }, text);
    });
}

function listBoards(context: Context): void {
  const boards = boardNames().map((name) => {
    const { description, clock } = loadBoard(name);
    return { name, description, coreMhz: clock.coreMhz };
  });
  const lines = boards.map(
    ({ name, description, coreMhz }) => `${name.padEnd(12)} ${description}, ${coreMhz} MHz`,
  );
  context.result({ boards }, lines.join('\n'));
}
