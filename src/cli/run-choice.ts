import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { RunFolder } from '../store/run-folder.js';

export const RUNS = 'runs';

/** The folder named by --run, or the only run there is. */
export function openRun(given: string | undefined): RunFolder {
  if (given !== undefined) {
    const run = new RunFolder(given);
    run.dataset();
    return run;
  }
  const names = existsSync(RUNS)
    ? readdirSync(RUNS).filter((name) => existsSync(join(RUNS, name, 'dataset.json')))
    : [];
  if (names.length === 1) return new RunFolder(join(RUNS, names[0]));
  throw new UserError({
    where: '--run',
    given: names.length === 0 ? 'no run in runs/ yet' : 'which run?',
    ...(names.length === 0 ? {} : { allowed: `there are ${names.join(', ')}` }),
    hint:
      names.length === 0
        ? 'make one with: halfgate train, or name its folder'
        : 'name one with --run runs/...',
  });
}
