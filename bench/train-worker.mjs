// One of our engines as a peer of bench/train.mjs: a process that answers JSON lines.
//   node --expose-gc bench/train-worker.mjs ENGINE THREADS
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const [name, threadsText] = process.argv.slice(2);
const threads = Number(threadsText);
const root = fileURLToPath(new URL('..', import.meta.url));
const firstLine = (error) => error.message.replaceAll(root, '').split('\n')[0];
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const from = (path) => import(new URL(`../dist/src/${path}`, import.meta.url).href);

/** Resident memory in MiB; the peak since the last setup on Linux, of the whole process elsewhere. */
function memory() {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const field = (key) => Number(new RegExp(`${key}:\\s*(\\d+)`).exec(status)[1]) / 1024;
    return { rssMb: field('VmRSS'), peakMb: field('VmHWM') };
  } catch {
    const peakMb =
      process.resourceUsage().maxRSS / (process.platform === 'darwin' ? 2 ** 20 : 1024);
    return { rssMb: process.memoryUsage.rss() / 2 ** 20, peakMb };
  }
}

async function open() {
  let create;
  try {
    create = await from('engine/create.js');
  } catch (error) {
    throw new Error(`not built (${error.message}); run npm run build`, { cause: error });
  }
  return create.createEngine(name, { threads });
}

let engine;
let kernels;

/**
 * A session that computes the gradient of dense input, as the peers do. No engine needs it to train, so
 * it is no part of the public interface.
 */
async function openSession(config, dense) {
  if (!dense) return engine.createSession(config);
  const { FusedSession } = await from('engine/fused.js');
  kernels ??=
    name === 'wasm'
      ? (await from('engine/wasm-kernels.js')).wasmKernels({ threads })
      : (await from('engine/native.js')).nativeKernels({ threads });
  return new FusedSession(kernels, config, true);
}

async function randomBatches({ input, hidden, batch, steps, vocab }) {
  const { Random } = await from('model/random.js');
  const random = new Random(2);
  const ids = () =>
    Int32Array.from({ length: steps * batch }, () => Math.floor(random.range(0, vocab)));
  return Array.from({ length: 4 }, () => ({
    timeSteps: steps,
    ...(input === 'tokens'
      ? { tokens: ids() }
      : {
          values: Float32Array.from({ length: steps * batch * hidden }, () => random.range(-1, 1)),
        }),
    targets: ids(),
  }));
}

let session;
let batches;
let count = 0;
let stepMs = 0;

function drop() {
  session?.dispose();
  session = batches = undefined;
  globalThis.gc?.();
}

function run(steps) {
  const begun = cpuMs();
  let loss = NaN;
  for (let k = 0; k < steps; k++) loss = session.trainStep(batches[count++ % 4], 1e-3).loss;
  stepMs = (cpuMs() - begun) / steps;
  return loss;
}

const operations = {
  async setup(shape) {
    drop();
    try {
      writeFileSync('/proc/self/clear_refs', '5');
    } catch {
      // The peak is then that of the whole process.
    }
    const { initModel } = await from('model/model.js');
    const { DEFAULT_OPTIMIZER } = await from('engine/engine.js');
    const { SCHEMES } = await from('quant/scheme.js');
    const { input, hidden, batch, steps, vocab } = shape;
    const model = initModel(
      {
        scheme: SCHEMES['ternary-level3'],
        input:
          input === 'tokens'
            ? { kind: 'tokens', vocabSize: vocab, embeddingSize: hidden }
            : { kind: 'dense', mean: Array(hidden).fill(0), gain: Array(hidden).fill(1) },
        hiddenSizes: [hidden],
        classes: vocab,
        when: 'every-step',
      },
      1,
    );
    const config = { model, batch, timeSteps: steps, optimizer: DEFAULT_OPTIMIZER };
    session = await openSession(config, input === 'dense');
    batches = await randomBatches(shape);
    const begun = performance.now();
    const loss = run(1);
    run(3);
    while (performance.now() - begun < 300) run(1);
    return {
      loss,
      seconds: (performance.now() - begun) / 1000,
      inputGradient: input === 'dense',
    };
  },

  measure({ cpuMs: wanted }) {
    if (stepMs < 100) run(1); // the caches were another process's
    const steps = Math.max(1, Math.min(10000, Math.round(wanted / Math.max(stepMs, 0.01))));
    const [cpu, wall] = [cpuMs(), performance.now()];
    run(steps);
    return {
      steps,
      cpuMs: (cpuMs() - cpu) / steps,
      wallMs: (performance.now() - wall) / steps,
    };
  },

  memory,

  run({ steps }) {
    return { loss: run(steps), ...memory() };
  },

  /** train() over a text as the command line calls it, and the part of it inside trainStep. */
  async epoch({ file, hidden, batch, steps, limit }) {
    drop();
    const { loadText } = await from('data/text.js');
    const { train, trainConfig } = await from('train/train.js');
    const { SCHEMES } = await from('quant/scheme.js');
    const begun = [cpuMs(), performance.now()];
    const { dataset } = loadText(file, { mode: 'bytes' });
    const config = trainConfig({
      scheme: SCHEMES['ternary-level3'],
      hiddenSizes: [hidden],
      embeddingSize: hidden,
      timeSteps: steps,
      batch,
      epochs: 1,
      ...(limit && { steps: limit }),
      // One small validation at the end: validations are no part of an epoch's cost here.
      validations: 1,
      validationLimit: 100,
    });
    let inSteps = 0;
    let lines = 0;
    const timed = {
      ...engine,
      createSession(given) {
        const inner = engine.createSession(given);
        if (given.optimizer === undefined) return inner;
        const { trainStep } = inner;
        inner.trainStep = (...args) => {
          const before = cpuMs();
          const result = trainStep.apply(inner, args);
          inSteps += cpuMs() - before;
          return result;
        };
        return inner;
      },
    };
    const { log } = await train(dataset, config, timed, {
      onProgress: (progress) => (lines += JSON.stringify(progress).length),
    });
    return {
      steps: log.steps,
      cpuMs: cpuMs() - begun[0],
      wallMs: performance.now() - begun[1],
      stepsCpuMs: inSteps,
      loss: log.curve.at(-1)?.[1],
      logged: lines,
    };
  },
};

try {
  engine = await open();
  answer({ version: engine.version });
} catch (error) {
  answer({ problem: firstLine(error) });
  process.exit();
}
for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...request } = JSON.parse(line);
  try {
    answer(await operations[op](request));
  } catch (error) {
    answer({ problem: `${error.name}: ${firstLine(error)}` });
  }
}
process.exit();
