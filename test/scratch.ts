import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of this test file's own, removed at its end. */
export function scratchFolder(): {
  readonly path: string;
  write(name: string, data: string | Uint8Array): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'halfgate-test-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, data) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, data);
      return file;
    },
  };
}
