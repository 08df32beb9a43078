// Compile the training kernels to dist/engine/*.wasm; nothing to do when they are up to date.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/engine/assembly');
const folder = join(root, 'dist/engine');

/** What is built: the module, its entry, and options of its own. */
const MODULES = [
  { name: 'kernel.wasm', entry: 'index.ts', options: [] },
  {
    name: 'kernels.wasm',
    entry: 'run.ts',
    options: ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'],
  },
];

async function newestSource() {
  const names = (await readdir(sources)).filter((name) => name.endsWith('.ts'));
  const times = await Promise.all(names.map(async (n) => (await stat(join(sources, n))).mtimeMs));
  return Math.max(...times);
}

/** Build what is missing or older than a source; true when something was built. */
export async function buildEngine({ force = false } = {}) {
  const newest = await newestSource();
  let built = false;
  for (const module of MODULES) {
    const before = await stat(join(folder, module.name)).catch(() => undefined);
    if (!force && before !== undefined && before.mtimeMs >= newest) continue;
    await compile(module);
    built = true;
  }
  return built;
}

async function compile({ name: target, entry, options }) {
  const { main } = await import('assemblyscript/asc');
  await mkdir(folder, { recursive: true });
  const outputs = new Map();
  const { error, stderr } = await main(
    [
      entry,
      '--outFile',
      target,
      '-O3',
      '--noAssert',
      '--converge',
      '--runtime',
      'stub',
      '--importMemory',
      '--enable',
      'simd',
      ...options,
      // No abort import: the kernels check nothing, their caller does.
      '--use',
      'abort=',
    ],
    {
      readFile: async (name, base) => {
        const { readFile } = await import('node:fs/promises');
        return readFile(join(base === '.' ? sources : join(sources, base), name), 'utf8').catch(
          () => null,
        );
      },
      writeFile: (name, data) => void outputs.set(name, data),
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`the training kernels do not compile: ${error.message}\n${stderr}`);
  // Written aside and renamed: parallel builds and interrupted ones leave a whole file or none.
  const path = join(folder, target);
  const partial = `${path}.${process.pid}`;
  try {
    await writeFile(partial, outputs.get(target));
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log((await buildEngine()) ? 'built dist/engine' : 'dist/engine is up to date');
}
