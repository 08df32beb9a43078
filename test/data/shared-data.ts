import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const shared = process.env.HALFGATE_SHARED ?? join(root, '..', 'shared');

/**
 * Tests on a real data set, which the repository does not hold: from `data/<name>` in HALFGATE_SHARED, by
 * default the folder `shared` beside the repository; skipped where it is absent.
 */
export function describeShared(name: string, run: (file: (name: string) => string) => void): void {
  const folder = join(shared, 'data', name);
  const file = (each: string): string => join(folder, each);
  if (existsSync(folder)) describe(`real data: ${name}`, () => run(file));
  else
    describe.skip(`real data: ${name} (no folder ${folder}; set HALFGATE_SHARED)`, () => run(file));
}
