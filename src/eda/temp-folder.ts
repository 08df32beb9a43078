import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';

/** Write files into a new folder, use it, and remove it whatever happens. */
export async function withTempFolder<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (folder: string) => Promise<T>,
  parent: string = tmpdir(),
): Promise<T> {
  const folder = await mkdtemp(join(parent, 'halfgate-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = normalize(join(folder, name));
      if (!path.startsWith(folder)) throw new RangeError(`file name '${name}' leaves the project`);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
