// Compile the training kernels to dist/engine/kernels.wasm; nothing to do when they are up to date.
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/engine/assembly');
const NAME = 'kernels.wasm';
export const KERNELS = join(root, 'dist/engine', NAME);

async function newestSource() {
  const names = (await readdir(sources)).filter((name) => name.endsWith('.ts'));
  const times = await Promise.all(names.map(async (n) => (await stat(join(sources, n))).mtimeMs));
  return Math.max(...times);
}

/** Build when missing or older than a source; true when something was built. */
export async function buildEngine({ force = false } = {}) {
  const before = await stat(KERNELS).catch(() => undefined);
  if (!force && before !== undefined && before.mtimeMs >= (await newestSource())) return false;
  const { main } = await import('assemblyscript/asc');
  await mkdir(join(root, 'dist/engine'), { recursive: true });
  const outputs = new Map();
  const { error, stderr } = await main(
    [
      'run.ts',
      ...['--outFile', NAME],
      ...['-O3', '--noAssert', '--converge', '--runtime', 'stub'],
      ...['--enable', 'simd', '--enable', 'threads'],
      ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
      // No abort import: the kernels check nothing, their caller does.
      ...['--use', 'abort='],
    ],
    {
      readFile: (name, base) =>
        readFile(join(base === '.' ? sources : join(sources, base), name), 'utf8').catch(
          () => null,
        ),
      writeFile: (name, data) => void outputs.set(name, data),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`the training kernels do not compile: ${error.message}\n${stderr}`);
  // Written aside and renamed: parallel builds and interrupted ones leave a whole file or none.
  const partial = `${KERNELS}.${process.pid}`;
  try {
    await writeFile(partial, outputs.get(NAME));
    await rename(partial, KERNELS);
  } finally {
    await rm(partial, { force: true });
  }
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log((await buildEngine()) ? `built ${KERNELS}` : `${KERNELS} is up to date`);
}
