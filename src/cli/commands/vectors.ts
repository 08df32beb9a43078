import { basename } from 'node:path';
import type { Command } from 'commander';
import { checkVectorFile, vectorFiles, type VectorReport } from '../../integer/vectors.js';
import type { Context } from '../context.js';
import { StageFailure } from '../errors.js';

interface VectorFlags {
  readonly verbose?: boolean;
}

export function register(program: Command, context: () => Context): void {
  program
    .command('vectors')
    .summary('replay recorded results of integer LSTM kernels')
    .description(
      'Replay files of recorded results (schema int8-lstm-golden/1) of TensorFlow Lite, TensorFlow Lite Micro ' +
        'and CMSIS-NN on the integer LSTM, and compare every value: one line per file that differs, saying ' +
        'where first, then how many passed and failed.',
    )
    .argument('<path>', 'folder with .json files, or one file')
    .option('--verbose', 'a line for every file, and all problems of those that fail')
    .addHelpText(
      'after',
      `
Examples:
  halfgate vectors golden/int8-lstm
  halfgate vectors golden/int8-lstm/cmsis-nn-s8-lstm-1.json --verbose`,
    )
    .action((path: string, flags: VectorFlags) => runVectors(path, flags, context()));
}

function linesOf({ path, kind, hasPassed, compared, problems }: VectorReport, isVerbose: boolean) {
  const name = basename(path);
  if (hasPassed) return isVerbose ? [`${name}: passed, ${kind}, ${compared} values`] : [];
  if (isVerbose) return problems.map((problem) => `${name}: ${problem}`);
  const more = problems.length - 1;
  return [`${name}: ${problems[0]}${more > 0 ? `; and ${more} more, see --verbose` : ''}`];
}

function runVectors(path: string, { verbose }: VectorFlags, context: Context): void {
  const files = vectorFiles(path).map(checkVectorFile);
  const failed = files.filter(({ hasPassed }) => !hasPassed).length;
  const passed = files.length - failed;
  const lines = files.flatMap((file) => linesOf(file, verbose === true));
  lines.push(`${passed} passed, ${failed} failed`);
  context.result({ path, passed, failed, files }, lines.join('\n'));
  if (files.length === 0) throw new StageFailure(`${path}: no .json file`);
  if (failed > 0) throw new StageFailure(`${failed} of ${files.length} files failed`);
}
