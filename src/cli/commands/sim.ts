import type { Command } from 'commander';
import { UserError } from '../../errors.js';
import { writeFileAtomic } from '../../store/atomic.js';
import type { Context } from '../context.js';
import { csvText, gemmResult, readGemmRows, reproduced } from '../gemm-rows.js';

interface SimFlags {
  readonly csv?: string;
  readonly out?: string;
  readonly scalesim?: boolean;
}

export function register(program: Command, context: () => Context): void {
  program
    .command('sim')
    .summary('matrix products on a plain systolic array, beside SCALE-Sim')
    .description(
      'Cycles, utilization and memory accesses of single matrix products on a plain systolic array, stationary in ' +
        'weights, outputs or inputs: a row in, a row out, in the columns in which SCALE-Sim was recorded. For LSTMs on ' +
        'our accelerator: halfgate simulate.',
    )
    .argument('<kind>', 'gemm')
    .requiredOption(
      '--csv <file>',
      'rows with the columns M, K, N, array_rows, array_cols, dataflow (ws, os, is); with bandwidth also ifmap_sram_kb, filter_sram_kb, ofmap_sram_kb',
    )
    .option('--out <file>', 'where the rows go; default: standard output')
    .option('--scalesim', "SCALE-Sim's own figures instead of ours, its slips included")
    .addHelpText(
      'after',
      `
Examples:
  halfgate sim gemm --csv products.csv
  halfgate sim gemm --csv scalesim-gemm.csv --out ours.csv
  halfgate sim gemm --csv scalesim-gemm.csv --scalesim --json`,
    )
    .action((kind: string, flags: SimFlags) => runSim(kind, flags, context()));
}

function runSim(kind: string, { csv, out, scalesim }: SimFlags, context: Context): void {
  if (kind !== 'gemm') {
    throw new UserError({ where: 'sim', given: JSON.stringify(kind), allowed: 'must be gemm' });
  }
  const rows = readGemmRows(csv!);
  if (rows.length === 0) {
    throw new UserError({ where: csv!, given: 'no rows below the header', allowed: 'needs some' });
  }
  const results = rows.map((row) => gemmResult(row, scalesim === true));
  const { equal, of } = reproduced(rows);
  const text = csvText(results);
  if (out !== undefined) writeFileAtomic(out, text);
  const summary =
    `${rows.length} products` +
    (of === 0 ? '' : `; SCALE-Sim's cycles follow from its rules on ${equal} of ${of}`);
  context.result(
    { rows: results, scalesim: { equal, of } },
    out === undefined ? text.trimEnd() : `${summary}\nwritten: ${out}`,
  );
}
