// From a fresh clone to something that runs: install and build what is missing, skip what is there.
// Needs Node and npm, nothing else; where there is a C++ compiler, the native kernels are built too.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `20.19.0` is at least `>=20.19`; compares major and minor. */
export function nodeIsRecent(version, range) {
  const [major, minor] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = range.replace(/^>=/, '').split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= (wantedMinor ?? 0));
}

/**
 * Why node_modules is not what package-lock.json asks for, or undefined where it is. npm writes the
 * installed tree's own lock last, so an interrupted install never looks complete. Optional packages
 * may be missing.
 */
export function installProblem(lock, installed) {
  if (installed === undefined) return 'node_modules is missing or incomplete';
  for (const [path, { version, optional, devOptional }] of Object.entries(lock.packages)) {
    if (path === '') continue;
    const found = installed.packages[path];
    if (found?.version === version) continue;
    if (found === undefined && (optional || devOptional)) continue;
    const name = path.replace(/^.*node_modules\//, '');
    return `${name} is ${found === undefined ? 'missing' : found.version}, package-lock.json asks for ${version}`;
  }
  return undefined;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `${command} ${args.join(' ')}: ${signal ?? `exit code ${code}`}\n${text.trimEnd()}`,
          ),
        );
    });
  });
}

function say(text) {
  process.stderr.write(`halfgate: ${text}\n`);
}

async function timed(text, work) {
  say(`${text} ...`);
  const start = performance.now();
  const result = await work();
  say(`${text}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

export async function bootstrap() {
  const manifest = readJson('package.json');
  if (!nodeIsRecent(process.versions.node, manifest.engines.node)) {
    throw new Error(
      `Node ${process.versions.node} is too old: halfgate needs Node ${manifest.engines.node}`,
    );
  }
  const lock = readJson('package-lock.json');
  const problem = installProblem(lock, readJson('node_modules/.package-lock.json'));
  if (problem !== undefined) {
    // No package of ours needs its install script; tfjs-node's would download a native library, and
    // training falls back by itself where that is missing.
    const args = [
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
    ];
    await timed(`npm ci (${problem})`, () => run('npm', args));
  }
  const { build } = await import('./build.mjs');
  const start = performance.now();
  const built = await build({ onStart: () => say('building dist ...') });
  if (built.length > 0)
    say(`built ${built.join(', ')} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  const { buildNative } = await import('./build-native.mjs');
  const startNative = performance.now();
  const native = await buildNative({
    ifPossible: true,
    onStart: () => say('building the native training kernels ...'),
    tell: say,
  });
  if (native) say(`built them in ${((performance.now() - startNative) / 1000).toFixed(1)} s`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await bootstrap();
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
