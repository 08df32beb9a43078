/** `halfgate <command>`: parses, runs, and turns every failure into one message and an exit code. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../package-root.js';
import * as build from './commands/build.js';
import * as demo from './commands/demo.js';
import * as emit from './commands/emit.js';
import * as estimate from './commands/estimate.js';
import * as experiment from './commands/experiment.js';
import * as integer from './commands/integer.js';
import * as quantize from './commands/quantize.js';
import * as report from './commands/report.js';
import * as sim from './commands/sim.js';
import * as simulate from './commands/simulate.js';
import * as synth from './commands/synth.js';
import * as train from './commands/train.js';
import * as vectors from './commands/vectors.js';
import * as verify from './commands/verify.js';
import type { Context } from './context.js';
import { EXIT, Interrupted, tellError } from './errors.js';
import { type ProgressSink, streamProgress } from './progress.js';

const COMMANDS = [
  train,
  quantize,
  simulate,
  estimate,
  emit,
  verify,
  synth,
  build,
  report,
  demo,
  experiment,
  integer,
  vectors,
  sim,
];

/** A parent halfgate shows its children's progress as a part of its own. */
function childProgress(): ProgressSink {
  return {
    update: (fraction, text, secondsLeft) => process.send?.({ fraction, text, secondsLeft }),
    note: (text) => process.send?.({ note: text }),
    clear() {},
  };
}

/** The command being run, for messages: `train`. */
function commandName(argv: readonly string[]): string {
  return COMMAND_NAMES.find((name) => argv.includes(name)) ?? '';
}
const COMMAND_NAMES = [
  'train',
  'quantize',
  'simulate',
  'estimate',
  'emit',
  'verify',
  'synth',
  'build',
  'report',
  'demo',
  'experiment',
  'integer',
  'vectors',
  'sim',
];

function makeProgram(makeContext: (command: Command) => Context): Command {
  const program = new Command('halfgate')
    .description(
      'Train quantized LSTMs, know what their hardware costs, emit Verilog that computes exactly that.',
    )
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ outputError() {} })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      `
Examples:
  halfgate demo                                      the whole road in about two minutes
  halfgate train --text book.txt                     a character model from your own text
  halfgate quantize && halfgate simulate --rows 16   integers, then cycles
  halfgate emit && halfgate verify && halfgate synth Verilog, proof, measured size and clock
  halfgate report                                    one page with all of it`,
    );
  let current = program;
  program.hook('preAction', (_, action) => void (current = action));
  for (const { register } of COMMANDS) register(program, () => makeContext(current));
  for (const command of program.commands) {
    command
      .optionsGroup('Output:')
      .option('--json', 'print only JSON on stdout')
      .option('--debug', 'show where an error arose')
      .exitOverride()
      .configureOutput({ outputError() {} });
  }
  return program;
}

/** Runs one command line; the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const abort = new AbortController();
  const interrupt = (): void => {
    // The second Ctrl-C does not wait: files are whole at any moment.
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write(
      '\nhalfgate: stopping at the next safe point; Ctrl-C again stops at once\n',
    );
    abort.abort(new Interrupted());
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  // `halfgate ... | head` closes the pipe early: no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  // A parent that died leaves nobody to work for.
  process.on('disconnect', () => abort.abort(new Interrupted()));
  const isChild = process.send !== undefined && process.env['HALFGATE_CHILD'] === '1';
  const progress = isChild ? childProgress() : streamProgress(process.stderr);
  const program = makeProgram((command) => {
    const { json, debug } = command.opts<{ json?: boolean; debug?: boolean }>();
    return {
      isJson: json === true,
      isDebug: debug === true,
      signal: abort.signal,
      progress,
      result(value, text) {
        progress.clear();
        process.stdout.write(`${json === true ? JSON.stringify(value, undefined, 2) : text}\n`);
      },
    };
  });
  const command = commandName(argv);
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.badInput;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    progress.clear();
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      const text = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
      const help = `halfgate${command === '' ? '' : ` ${command}`} --help`;
      process.stderr.write(
        `halfgate${command === '' ? '' : ` ${command}`}: ${text}; see ${help}\n`,
      );
      return EXIT.badInput;
    }
    const { code, text } = tellError(command, error, abort.signal, argv.includes('--debug'));
    process.stderr.write(`${text}\n`);
    if (code === EXIT.interrupted && !isChild) {
      process.stderr.write(
        `halfgate: nothing is half-written; to go on run the same command again: halfgate ${argv.join(' ')}\n`,
      );
    }
    return code;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    // A parent waits for the channel to close.
    if (isChild) process.disconnect();
  }
}
