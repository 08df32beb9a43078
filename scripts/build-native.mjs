// Compile the native training kernels to dist/native; nothing to do when they are up to date.
//   --if-possible  where they cannot be built: one line, and no failure
//   --quiet        that line, and nothing else
//   --force        build even so
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/engine/native');
const folder = join(root, 'dist/native');
export const ADDON = join(folder, `halfgate-${process.platform}-${process.arch}.node`);
const STAMP = `${ADDON}.json`;

/** At most so many compilers at a time. */
const JOBS = 2;
const FLAGS = [
  '-std=c++20',
  '-O3',
  // Only what is written as one operation is one: results are the same bits on every CPU.
  '-ffp-contract=off',
  '-fno-strict-aliasing',
  '-fPIC',
  '-fvisibility=hidden',
  '-pthread',
  '-DNAPI_VERSION=8',
];
const AVX2 = ['-mavx2', '-mfma'];
const AVX512 = [...AVX2, '-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq'];
/** Sets of instructions, the slowest to compile first. */
const VARIANTS = {
  x64: { avx512vnni: [...AVX512, '-mavx512vnni'], avx512: AVX512, avx2: AVX2, baseline: [] },
  arm64: { neon: [] },
};

function execute(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${command} ended with ${code}:\n${text.trimEnd()}`));
    });
  });
}

/** The first of $CXX, g++, clang++ and c++ that runs, and what it says it is. */
async function findCompiler() {
  for (const command of [process.env.CXX, 'g++', 'clang++', 'c++']) {
    if (!command) continue;
    try {
      return { command, version: await execute(command, ['--version']) };
    } catch (error) {
      if (command === process.env.CXX)
        throw new Error(`CXX=${command} does not run`, { cause: error });
      if (error.code !== 'ENOENT') throw error;
    }
  }
  throw new Error('there is no C++ compiler (g++ or clang++; or set CXX)');
}

function headers() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node-api-headers/package.json');
    return join(dirname(manifest), 'include');
  } catch {
    throw new Error('the package node-api-headers is not installed');
  }
}

async function hashOf(parts) {
  const hash = createHash('sha256').update(JSON.stringify(parts));
  for (const name of (await readdir(sources)).sort())
    hash.update(`${name}\0`).update(await readFile(join(sources, name)));
  return hash.digest('hex');
}

async function stampedHash() {
  try {
    return existsSync(ADDON) ? JSON.parse(await readFile(STAMP, 'utf8')).hash : undefined;
  } catch {
    return undefined;
  }
}

/** Run the tasks, a few at a time. */
async function all(tasks) {
  const waiting = [...tasks];
  const serve = async () => {
    while (waiting.length > 0) await waiting.shift()();
  };
  await Promise.all(Array.from({ length: JOBS }, serve));
}

async function compile(command, include, variants, target) {
  const object = (name) => join(target, `${name}.o`);
  const task = (name, flags, file) => () =>
    execute(command, [...FLAGS, ...flags, '-c', join(sources, file), '-o', object(name)]);
  const names = [...Object.keys(variants), 'addon'];
  await all([
    ...Object.entries(variants).map(([name, flags]) =>
      task(name, [`-DHALFGATE_ISA=${name}`, ...flags], 'kernels.cpp'),
    ),
    task('addon', ['-isystem', include], 'addon.cpp'),
  ]);
  const shared =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const addon = join(target, 'addon.node');
  await execute(command, [...shared, '-pthread', ...names.map(object), '-o', addon]);
  return addon;
}

/** True when something was built. Throws where it cannot be. */
async function buildOrThrow(force, onStart) {
  if (process.platform === 'win32') throw new Error('not supported on Windows; WASM is used');
  const variants = VARIANTS[process.arch];
  if (variants === undefined) throw new Error(`not supported on ${process.arch}; WASM is used`);
  const include = headers();
  const { command, version } = await findCompiler();
  const hash = await hashOf([command, version, FLAGS, variants, process.platform]);
  if (!force && (await stampedHash()) === hash) return false;
  onStart();
  // Built aside, then moved: an interrupted build leaves the old one, or none.
  const staging = join(folder, `.staging-${process.pid}`);
  try {
    await mkdir(staging, { recursive: true });
    const addon = await compile(command, include, variants, staging);
    createRequire(import.meta.url)(addon);
    await rename(addon, ADDON);
    await writeFile(join(staging, 'stamp.json'), `${JSON.stringify({ hash })}\n`);
    await rename(join(staging, 'stamp.json'), STAMP);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return true;
}

/**
 * Build when missing or out of date; true when something was built. `ifPossible`: where they cannot be,
 * `tell` why in one line and go on without.
 */
export async function buildNative({
  force = false,
  ifPossible = false,
  onStart = () => {},
  tell = () => {},
} = {}) {
  try {
    return await buildOrThrow(force, onStart);
  } catch (error) {
    if (!ifPossible) throw error;
    const [reason] = error.message.split('\n');
    tell(`native training kernels are not built: ${reason}`);
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const has = (option) => process.argv.includes(option);
  try {
    const built = await buildNative({
      force: has('--force'),
      ifPossible: has('--if-possible'),
      tell: (text) => console.log(text),
    });
    if (!has('--quiet')) console.log(built ? `built ${ADDON}` : 'nothing was built');
  } catch (error) {
    console.error(`the native training kernels cannot be built: ${error.message}`);
    process.exitCode = 1;
  }
}
