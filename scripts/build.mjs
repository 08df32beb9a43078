// Build dist/: TypeScript by tsc, the training kernels by AssemblyScript. Skips what is up to date.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const STAMP = join(root, 'dist/build.json');
const FOLDERS = ['src', 'sim'];

/** Hash of everything that tsc reads of ours: one changed byte means a rebuild. */
async function sourceHash() {
  const hash = createHash('sha256');
  const files = ['tsconfig.json', 'tsconfig.build.json'];
  for (const folder of FOLDERS) {
    const names = await readdir(join(root, folder), { recursive: true });
    files.push(...names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name)));
  }
  for (const file of files.sort())
    hash.update(`${file}\0`).update(await readFile(join(root, file)));
  return hash.digest('hex');
}

async function stampedHash() {
  try {
    return JSON.parse(await readFile(STAMP, 'utf8')).sources;
  } catch {
    return undefined;
  }
}

function tsc(outDir) {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  // Types are checked by `npm run types`; a user's build only needs the code.
  const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', outDir];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`tsc:\n${text}`))));
  });
}

async function buildTypeScript(force, onStart) {
  const sources = await sourceHash();
  if (!force && (await stampedHash()) === sources) return false;
  onStart();
  // Built aside, then moved: an interrupted build leaves the old one, never half of each.
  const staging = join(root, `dist/.staging-${process.pid}`);
  try {
    await mkdir(staging, { recursive: true });
    await tsc(staging);
    for (const folder of FOLDERS) {
      await rm(join(root, 'dist', folder), { recursive: true, force: true });
      await rename(join(staging, folder), join(root, 'dist', folder));
    }
    await writeFile(join(staging, 'build.json'), `${JSON.stringify({ sources })}\n`);
    await rename(join(staging, 'build.json'), STAMP);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return true;
}

async function buildKernel(force) {
  const script = join(root, 'scripts/build-engine.mjs');
  if (!existsSync(script)) return false;
  const { buildEngine } = await import(pathToFileURL(script).href);
  return buildEngine({ force });
}

/** Build what is missing or out of date; what was built, for telling. `onStart`: when there is work. */
export async function build({ force = false, onStart = () => {} } = {}) {
  const built = [];
  if (await buildTypeScript(force, onStart)) built.push('dist/src, dist/sim');
  if (await buildKernel(force)) built.push('dist/engine');
  return built;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const built = await build({ force: process.argv.includes('--force') });
  console.log(built.length > 0 ? `built ${built.join(', ')}` : 'dist is up to date');
}
