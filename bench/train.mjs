// Training speed of our engines and of PyTorch, alternating in one run:
//   npm run bench:train -- [--quick] [--python PATH]... [--resume]
//     [--input dense,tokens] [--hidden 32,128] [--batch 20] [--steps 35] [--rounds 5]
//     [--engines wasm,native] [--peers eager,tuned,...|none] [--phases cases,threads,epoch,growth]
//     [--data FILE] [--json FILE] [--out PREFIX] [--cpu-ms 120] [--no-variants]
// --python may begin with settings: --python "OPENBLAS_CORETYPE=Haswell /usr/bin/python3".
// Raw numbers go to --json after every round; --resume goes on from there. A complete run writes
// docs/results/training.md, -summary.md and .json, any other one runs/bench-train.md, unless --out says where.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { report, summary } from './train-report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    resume: { type: 'boolean', default: false },
    python: { type: 'string', multiple: true },
    variants: { type: 'boolean', default: true },
    input: { type: 'string' },
    hidden: { type: 'string' },
    batch: { type: 'string' },
    steps: { type: 'string' },
    rounds: { type: 'string' },
    engines: { type: 'string', default: 'wasm,native' },
    peers: { type: 'string' },
    phases: { type: 'string', default: 'cases,threads,epoch,growth' },
    data: { type: 'string', default: 'warpeace_input.txt' },
    'cpu-ms': { type: 'string', default: '120' },
    json: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowNegative: true,
});
if (options.help) {
  const [head] = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\nimport ');
  console.log(head.replaceAll(/^\/\/ ?/gm, ''));
  process.exit();
}
const { quick } = options;
const list = (text) => text.split(',').filter((item) => item !== '');
const numbers = (text, name) =>
  list(text).map((item) => {
    if (/^[1-9]\d*$/.test(item)) return Number(item);
    console.error(`bench:train: --${name}: ${item} is not a positive whole number`);
    process.exit(2);
  });
const sizes = {
  input: list(options.input ?? 'dense,tokens'),
  hidden: numbers(options.hidden ?? (quick ? '32,128' : '32,64,128,256,512'), 'hidden'),
  batch: options.batch && numbers(options.batch, 'batch'),
  steps: numbers(options.steps ?? (quick ? '35' : '35,100'), 'steps'),
};
const rounds = numbers(options.rounds ?? (quick ? '3' : '5'), 'rounds')[0];
const cpuMs = numbers(options['cpu-ms'], 'cpu-ms')[0];
const phases = list(options.phases);
const whole = !quick && !['input', 'hidden', 'batch', 'steps', 'peers'].some((key) => options[key]);
const out = options.out ?? (whole ? 'docs/results/training' : 'runs/bench-train');
const jsonFile = options.json ?? `runs/bench-train${quick ? '-quick' : ''}-raw.json`;
const VOCAB = 50;

// ------------------------------------------------------------------------------------------ children

const children = new Set();
let stopping = false;
function stop(code) {
  stopping = true;
  for (const child of children) child.kill('SIGKILL');
  process.exit(code);
}
process.on('SIGINT', () => {
  console.error(`\ninterrupted; go on with --resume (kept: ${jsonFile})`);
  stop(130);
});
process.on('SIGTERM', () => stop(143));

/** `A=1 B=2 /path/python` as settings and a program. */
function parsePython(text) {
  const words = text.trim().split(/\s+/);
  const begin = words.findIndex((word) => !/^\w+=/.test(word));
  const env = Object.fromEntries(
    words.slice(0, begin).map((word) => [word.split('=')[0], word.slice(word.indexOf('=') + 1)]),
  );
  return { env, program: words.slice(begin).join(' ') };
}

/** A peer's process: requests go in order, one at a time. */
class Child {
  constructor(peer) {
    const threads = `${peer.threads}`;
    this.child = spawn(peer.command, peer.args, {
      cwd: root,
      env: {
        ...process.env,
        OMP_NUM_THREADS: threads,
        MKL_NUM_THREADS: threads,
        OPENBLAS_NUM_THREADS: threads,
        TORCHINDUCTOR_COMPILE_THREADS: '1',
        ...peer.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    children.add(this.child);
    this.errors = '';
    this.waiting = undefined;
    this.early = [];
    this.problem = undefined;
    const fail = (text) => {
      children.delete(this.child);
      this.problem ??= text;
      this.waiting?.({ problem: this.problem });
    };
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (part) => (this.errors = (this.errors + part).slice(-2000)));
    this.child.on('error', (error) => fail(error.message));
    this.child.on('close', (code, signal) => {
      const lines = this.errors.trim().split('\n');
      const line = lines.findLast((text) => /error/i.test(text)) ?? lines.at(-1);
      fail(`ended (${signal ?? `exit code ${code}`}): ${line}`);
    });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      let value;
      try {
        value = JSON.parse(line);
      } catch {
        return; // some library's chatter
      }
      if (this.waiting) this.waiting(value);
      else this.early.push(value);
    });
  }

  /** The next answer; a process that does not answer in time is killed. */
  answer(seconds) {
    if (this.early.length > 0) return Promise.resolve(this.early.shift());
    if (this.problem) return Promise.resolve({ problem: this.problem });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.problem = `no answer in ${seconds} s`;
        this.child.kill('SIGKILL');
      }, seconds * 1000);
      this.waiting = (value) => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve(value);
      };
    });
  }

  ask(op, request = {}, seconds = 120) {
    if (!this.problem) this.child.stdin.write(`${JSON.stringify({ op, ...request })}\n`);
    return this.answer(seconds);
  }

  close() {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null || !this.child.pid) {
        return resolve();
      }
      this.child.on('close', resolve);
      this.child.kill('SIGKILL');
    });
  }
}

const open = new Map();
/** The running process of a peer, or the reason why there is none. */
async function childOf(peer) {
  const key = `${peer.id} x${peer.threads}`;
  if (peer.gaveUp) return { problem: peer.gaveUp };
  if (open.has(key) && !open.get(key).problem) return open.get(key);
  const child = new Child(peer);
  const hello = await child.answer(120);
  if (hello.problem) {
    await child.close();
    return { problem: hello.problem };
  }
  peer.version = hello.version;
  open.set(key, child);
  return child;
}
async function closeAll(keep = () => false) {
  for (const [key, child] of open) {
    if (keep(key)) continue;
    await child.close();
    open.delete(key);
  }
}

// --------------------------------------------------------------------------------------------- peers

const peerScript = join(root, 'bench/peers/peer.py');

async function probe(python) {
  const { env, program } = parsePython(python);
  const child = new Child({ command: program, args: [peerScript, '--probe'], env, threads: 1 });
  const found = await child.answer(120);
  await child.close();
  return { python, env, program, ...found };
}

async function findInstalls() {
  const own = ['bin/python', 'Scripts/python.exe'].map((path) =>
    join(root, 'bench/peers/.venv', path),
  );
  const wanted =
    options.python ?? [own.find((path) => existsSync(path)), 'python3'].filter(Boolean);
  const installs = [];
  for (const [k, python] of wanted.entries()) {
    const install = await probe(python);
    if (install.problem) {
      console.error(`no peers from ${python}: ${install.problem}`);
      state.skipped[`Python ${k + 1}`] = install.problem;
      continue;
    }
    if (install.blas.startsWith('reference')) {
      console.error(`${python}: torch multiplies with the ${install.blas}; install OpenBLAS`);
    }
    installs.push(install);
    // OpenBLAS may not know a newer CPU and then choose AVX2 kernels where it could do better.
    const avx512 = existsSync('/proc/cpuinfo') && /\bavx512f\b/.test(readFileSync('/proc/cpuinfo'));
    if (options.variants && avx512 && install.blas === 'OpenBLAS, Haswell kernels') {
      const better = await probe(`OPENBLAS_CORETYPE=SkylakeX ${python}`);
      if (!better.problem) installs.push({ ...better, isVariant: true });
    }
  }
  for (const install of installs) {
    install.label = `torch ${install.torch.replace(/\+.*/, '')} (${install.blas})`;
  }
  return installs;
}

/** Which forms an install runs, the first the most: the others are there to compare installs. */
function formsOf(install, index) {
  const common = ['tuned', 'tuned-fold', 'manual', 'manual-fold'];
  if (options.peers) return list(options.peers);
  if (install.isVariant) return common;
  if (index > 0) return ['eager', ...common, 'jit', 'lstm', 'brevitas', 'brevitas-jit'];
  return Object.keys(install.forms);
}

/** Whether a form takes part in a case: slow or repetitive ones only in some. */
function takesPart(form, { input, batch, steps }) {
  if (form === undefined) return true;
  if (input === 'tokens' && !options.peers) {
    return !['jit', 'compile', 'manual', 'onednn', 'brevitas', 'brevitas-jit'].includes(form);
  }
  if (form.endsWith('-fold') && input === 'dense') return false;
  if (options.peers) return true;
  if (form === 'compile') return batch === 20 && steps <= 35 && !quick;
  return form.startsWith('brevitas') ? batch === 20 : true;
}

function enginePeer(engine, threads) {
  return {
    ...{ id: engine, label: engine, kind: 'ours', threads, env: {} },
    command: process.execPath,
    args: ['--expose-gc', 'bench/train-worker.mjs', engine, `${threads}`],
  };
}

function torchPeers(installs, threads) {
  return installs.flatMap((install, index) =>
    formsOf(install, index)
      .filter((form) => install.forms[form] === null)
      .map((form) => ({
        id: `${index}/${form}`,
        label: install.labels[form],
        ...{ kind: 'torch', install: install.label, form, threads, env: install.env },
        command: install.program,
        args: [peerScript, form, `${threads}`],
      })),
  );
}

// --------------------------------------------------------------------------------------------- state

let state = { version: 1, sessions: [], installs: [], peers: {}, skipped: {} };
Object.assign(state, { cases: {}, threads: {}, epoch: {}, growth: {} });

function save() {
  mkdirSync(dirname(jsonFile), { recursive: true });
  writeFileSync(`${jsonFile}.new`, JSON.stringify(state));
  renameSync(`${jsonFile}.new`, jsonFile);
}

const short = (value) => (Number.isFinite(value) ? Number(value.toPrecision(5)) : null);
const load = () => loadavg()[0];
const nameOf = ({ input, hidden, batch, steps }) => `${input} H=${hidden} B=${batch} T=${steps}`;

// -------------------------------------------------------------------------------------------- phases

const flops = ({ hidden, batch, steps }) => 48 * steps * batch * hidden ** 2;
/** Rough seconds of one peer in a case: only their proportions count. */
const weightOf = (shape) => {
  const step = flops(shape) / 6e10 + shape.steps * 8e-5;
  return (rounds + 1) * Math.max(cpuMs / 1000, step) + 4 * step + 0.3;
};

const begun = performance.now();
const progress = { total: 0, done: 0 };
function tell(text, part = 0) {
  const seconds = (performance.now() - begun) / 1000;
  const done = progress.done + part;
  const left = done > 0.02 * progress.total ? (seconds / done) * (progress.total - done) : NaN;
  const time = Number.isNaN(left) ? '' : `, ${Math.ceil(left / 60)} min left`;
  console.log(`[${Math.round((100 * done) / progress.total)} %${time}] ${text}`);
}

/** Every other round in reverse, so that no peer always follows the same one. */
const ordered = (items, round) => (round % 2 === 0 ? items : items.toReversed());

/** Set up all peers of a case; those that cannot are left out with their reason. */
async function prepare(peers, shape, entry) {
  const ready = [];
  for (const peer of peers) {
    if (stopping) return [];
    const child = await childOf(peer);
    const answer = child.problem
      ? child
      : await child.ask('setup', { ...shape, vocab: VOCAB }, peer.form === 'compile' ? 90 : 120);
    if (answer.problem) {
      // Compiling takes longer the larger the case.
      if (peer.form === 'compile' && !peer.gaveUp)
        peer.gaveUp = `${answer.problem} (${nameOf(shape)})`;
      const key = `${peer.id} x${peer.threads}`;
      entry.skipped[peer.id] = answer.problem;
      await open.get(key)?.close();
      open.delete(key);
      console.log(`  without ${peer.install ?? ''} ${peer.label}: ${answer.problem}`);
      continue;
    }
    if (peer.kind === 'ours' && shape.input === 'dense') {
      state.peers[peer.id] ??= {};
      state.peers[peer.id].inputGradient = answer.inputGradient;
    }
    describe(peer);
    ready.push(peer);
  }
  return ready;
}

function describe({ id, label, kind, install, form, version }) {
  state.peers[id] = { ...state.peers[id], label, kind, install, form, version };
}

async function runCase(shape, all) {
  const name = nameOf(shape);
  const peers = all.filter((peer) => takesPart(peer.form, shape));
  const old = state.cases[name];
  const isSame =
    old && peers.every(({ id }) => old.peers.includes(id) || id in (old.skipped ?? {}));
  if (isSame && old.rounds.length >= rounds) {
    tell(`${name}: kept`);
    return;
  }
  const entry = isSame
    ? old
    : { ...shape, peers: [], skipped: {}, rounds: [], memory: {}, load: [] };
  entry.load.push(short(load()));
  const ready = await prepare(peers, shape, entry);
  entry.peers = ready.map(({ id }) => id);
  state.cases[name] = entry;
  while (entry.rounds.length < rounds && ready.length > 0) {
    const round = entry.rounds.length;
    const values = {};
    for (const peer of ordered(ready, round)) {
      const {
        cpuMs: cpu,
        wallMs: wall,
        problem,
      } = await (await childOf(peer)).ask('measure', { cpuMs }, 180);
      if (problem) entry.skipped[peer.id] = problem;
      else values[peer.id] = [short(cpu), short(wall)];
    }
    entry.rounds.push(values);
    save();
    const cells = ready
      .filter(({ id }) => id in values)
      .map(({ id, kind }) => [kind, id, values[id][0]]);
    const ours = cells.filter(([kind]) => kind === 'ours').map(([, id, ms]) => `${id} ${ms}`);
    const theirs = cells.filter(([kind]) => kind === 'torch').sort((a, b) => a[2] - b[2]);
    const best = theirs.length > 0 ? `; fastest PyTorch ${theirs[0][2]} (${theirs[0][1]})` : '';
    const part = (weightOf(shape) * peers.length * (round + 1)) / rounds;
    tell(`${name}, round ${round + 1}/${rounds}: ${ours.join(', ')}${best} CPU ms`, part);
  }
  for (const { id } of ready) {
    const memory = await open.get(`${id} x1`)?.ask('memory');
    if (memory?.peakMb) entry.memory[id] = short(memory.peakMb);
  }
  entry.load.push(short(load()));
  entry.peers = entry.peers.filter((id) => entry.rounds.every((values) => id in values));
  save();
}

/** One against two threads: a pair of processes of one peer at a time, all others closed. */
async function runThreads(shape, one, two) {
  const name = nameOf(shape);
  const entry = (state.threads[name] ??= { ...shape, rounds: {}, skipped: {} });
  for (const [k, peer] of one.entries()) {
    if (entry.rounds[peer.id]?.length >= rounds) continue;
    await closeAll((key) => key.startsWith(`${peer.id} x`));
    const pair = await prepare([peer, two[k]], shape, entry);
    if (pair.length < 2) continue;
    const values = [];
    for (let round = 0; round < rounds; round++) {
      const value = {};
      for (const each of ordered(pair, round)) {
        const answer = await (await childOf(each)).ask('measure', { cpuMs }, 180);
        if (answer.problem) entry.skipped[peer.id] = answer.problem;
        else value[each.threads] = [short(answer.cpuMs), short(answer.wallMs)];
      }
      values.push([...(value[1] ?? [null, null]), ...(value[2] ?? [null, null])]);
    }
    if (!(peer.id in entry.skipped)) entry.rounds[peer.id] = values;
    const speed = values.map(([, a, , b]) => a / b).sort((a, b) => a - b);
    tell(`${name}: ${peer.id} with two threads ${speed[speed.length >> 1].toFixed(2)}x`);
    save();
  }
  entry.load = short(load());
}

/** One epoch of a text: ours through train(), PyTorch's forms in a plain loop; there and back. */
async function runEpoch(peers) {
  if (!existsSync(options.data)) {
    state.epoch = { skipped: `${options.data} is not there; give it with --data` };
    console.log(`epoch: skipped, ${state.epoch.skipped}`);
    return;
  }
  const limit = quick ? 150 : undefined;
  const shape = { hidden: 128, batch: 20, steps: 35, limit };
  const entry = { ...shape, file: options.data.split(/[\\/]/).at(-1), runs: {}, skipped: {} };
  for (const [round, turn] of [peers, peers.toReversed()].entries()) {
    for (const peer of turn) {
      // The last one of the way there would follow itself; slow ones run once.
      if (round === 1 && (peer.kind === 'torch' || !entry.runs[peer.id])) continue;
      const child = await childOf(peer);
      const answer = child.problem
        ? child
        : await child.ask('epoch', { ...shape, file: options.data }, 1200);
      if (answer.problem) {
        entry.skipped[peer.id] = answer.problem;
        continue;
      }
      describe(peer);
      (entry.runs[peer.id] ??= []).push(
        Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, short(value)])),
      );
      tell(`epoch, ${peer.id}: ${(answer.cpuMs / 1000).toFixed(1)} s of CPU`);
      state.epoch = entry;
      save();
    }
  }
}

/** Resident memory over 10,000 steps of one session. */
async function runGrowth(peers) {
  const shape = { input: 'tokens', hidden: 32, batch: 20, steps: 35 };
  const [early, late] = quick ? [100, 1000] : [1000, 10000];
  const entry = { ...shape, early, late, runs: {} };
  for (const peer of peers) {
    await closeAll();
    const child = await childOf(peer);
    if (child.problem) continue;
    if ((await child.ask('setup', { ...shape, vocab: VOCAB })).problem) continue;
    const first = await child.ask('run', { steps: early });
    const last = await child.ask('run', { steps: late - early }, 1200);
    if (first.problem ?? last.problem) continue;
    describe(peer);
    entry.runs[peer.id] = [short(first.rssMb), short(last.rssMb)];
    tell(`memory, ${peer.id}: ${entry.runs[peer.id].join(' -> ')} MiB`);
  }
  state.growth = entry;
  save();
}

/** The form with the least median CPU time in a case, per install or of all. */
function fastest(name, accepts) {
  const entry = state.cases[name];
  if (!entry) return undefined;
  const median = (id) => {
    const values = entry.rounds.map((round) => round[id][0]).sort((a, b) => a - b);
    return values[values.length >> 1];
  };
  const ids = entry.peers.filter((id) => accepts(id, state.peers[id]));
  return ids.sort((a, b) => median(a) - median(b))[0];
}

// ---------------------------------------------------------------------------------------------- main

if (options.resume && existsSync(jsonFile)) {
  state = JSON.parse(readFileSync(jsonFile, 'utf8'));
} else if (options.resume) {
  console.error(`--resume: ${jsonFile} is not there; starting anew`);
}
const session = {
  date: new Date().toISOString().slice(0, 16),
  cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${process.arch} ${release()}`,
  node: process.versions.node,
  halfgate: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
  load: loadavg().map(short),
  ...{ rounds, cpuMs, quick },
};
const installs = options.peers === 'none' ? [] : await findInstalls();
// Paths of this machine stay out of the results.
const told = installs.map(({ label, torch, brevitas, capability, python }) => {
  const settings = python.split(/\s+/).filter((word) => /^[A-Z_]+=[^/]*$/.test(word));
  return { label, torch, brevitas, capability, settings };
});
if (state.installs.length > 0) {
  const labels = (items) => JSON.stringify(items.map(({ label }) => label));
  if (labels(state.installs) !== labels(told)) {
    console.error(
      `--resume: ${jsonFile} was measured with ${labels(state.installs)}, here are ${labels(told)}`,
    );
    stop(2);
  }
}
state.installs = told;
state.sessions.push(session);
if (installs.length === 0) console.log('no PyTorch found: ours only (bench/peers/README.md)');
else for (const { label, python } of installs) console.log(`${label}: ${python}`);
console.log(`${session.cpu}, ${session.cores} cores, load ${session.load.join(' ')}`);

const engines = list(options.engines);
const ours = [];
for (const engine of engines) {
  const peer = enginePeer(engine, 1);
  const child = await childOf(peer);
  if (child.problem) {
    state.skipped[engine] = child.problem;
    console.log(`no engine ${engine}: ${child.problem}`);
    continue;
  }
  delete state.skipped[engine];
  describe(peer);
  ours.push(peer);
}
const theirs = torchPeers(installs, 1);

const shapes = sizes.input.flatMap((input) =>
  (sizes.batch ?? (input === 'tokens' || quick ? [20] : [20, 64])).flatMap((batch) =>
    sizes.steps.flatMap((steps) => sizes.hidden.map((hidden) => ({ input, hidden, batch, steps }))),
  ),
);
const all = [...ours, ...theirs];
const partOf = (shape) => all.filter(({ form }) => takesPart(form, shape)).length * weightOf(shape);
const threadShapes = sizes.hidden.map((hidden) => ({
  ...{ input: sizes.input[0], hidden, batch: sizes.batch?.[0] ?? 20, steps: sizes.steps[0] },
}));
const threadWeight = (shape) => 2 * (ours.length + Math.min(2, theirs.length)) * weightOf(shape);
const weights = {
  cases: shapes.reduce((sum, shape) => sum + partOf(shape), 0),
  threads: threadShapes.reduce((sum, shape) => sum + threadWeight(shape), 0),
  epoch: quick ? 15 : 160,
  growth: quick ? 5 : 40,
};
for (const phase of phases) progress.total += weights[phase] ?? 0;

if (phases.includes('cases')) {
  // Small ones first: the peak of memory is then nearly each case's own.
  for (const shape of shapes.toSorted((a, b) => flops(a) - flops(b))) {
    await runCase(shape, all);
    progress.done += partOf(shape);
  }
}
const present = (id) => theirs.find((peer) => peer.id === id);
const isEager = (form) => /^(eager|tuned|manual|onednn)/.test(form ?? '');
if (phases.includes('threads')) {
  for (const shape of threadShapes) {
    const best = [
      fastest(nameOf(shape), (_, { form }) => /^tuned/.test(form ?? '')) ?? '0/tuned',
      fastest(nameOf(shape), (_, { form }) => isEager(form)) ?? '0/manual',
    ];
    const one = [...ours, ...new Set(best.map(present).filter(Boolean))];
    const two = one.map((peer) => ({
      ...peer,
      threads: 2,
      args: [...peer.args.slice(0, -1), '2'],
    }));
    await runThreads(shape, one, two);
    progress.done += threadWeight(shape);
  }
}
await closeAll();
if (phases.includes('epoch')) {
  const like = nameOf({ input: 'tokens', hidden: 128, batch: 20, steps: 35 });
  const ids = [
    fastest(like, (_, { form }) => form === 'tuned') ?? '0/tuned',
    fastest(like, (_, { form }) => isEager(form)) ?? '0/manual-fold',
  ];
  await runEpoch([...ours, ...new Set(ids.map(present).filter(Boolean))]);
  await closeAll();
  progress.done += weights.epoch;
}
if (phases.includes('growth')) await runGrowth(ours);
await closeAll();
session.loadAfter = loadavg().map(short);
save();

const text = report(state);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(`${out}.md`, text);
writeFileSync(`${out}-summary.md`, summary(state));
let json = JSON.stringify(state);
try {
  const prettier = await import('prettier');
  json = await prettier.format(json, { parser: 'json', printWidth: 100 });
} catch {
  // Only layout.
}
writeFileSync(`${out}.json`, json);
console.log(`\n${text}\nwritten: ${out}.md, ${out}-summary.md, ${out}.json`);
process.exit();
