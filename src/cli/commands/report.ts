import { resolve } from 'node:path';
import type { Command } from 'commander';
import { reportPage } from '../../report/page.js';
import { writeFileAtomic } from '../../store/atomic.js';
import type { Context } from '../context.js';
import { DEFAULT_PROFILE } from './estimate.js';
import { gatherReport } from '../gather-report.js';
import { openRun } from '../run-choice.js';
import { summaryText } from '../summary.js';

interface ReportFlags {
  readonly run?: string;
  readonly out?: string;
  readonly title?: string;
  readonly profile: string;
}

export function register(program: Command, context: () => Context): void {
  program
    .command('report')
    .summary('one HTML page with everything the run has')
    .description(
      'Write one self-contained HTML page: tables, plots, verification and where every figure comes from. ' +
        'Stages not run yet are left out.',
    )
    .option('--run <dir>', 'run folder; default: the only one in runs/')
    .option('--out <file>', 'file to write (default <run>/report.html)')
    .option('--title <text>', 'title of the page')
    .option('--profile <name>', 'whose estimates to show', DEFAULT_PROFILE)
    .addHelpText(
      'after',
      `
Examples:
  halfgate report
  halfgate report --run runs/book --out book.html --title "War and Peace, 32 units"`,
    )
    .action((flags: ReportFlags) => {
      const run = openRun(flags.run);
      const data = gatherReport(
        run,
        flags.title ?? `halfgate: ${run.dataset().name}`,
        flags.profile,
      );
      const path = flags.out ?? run.reportPath;
      writeFileAtomic(path, reportPage(data));
      context().result(
        { run: run.path, report: resolve(path), data },
        `${summaryText(data)}\n\nreport: ${path}`,
      );
    });
}
