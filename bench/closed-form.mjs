/**
 * Design points per second, on one core: cycles of a whole run, energy, area and resources of one profile (costPoint).
 * Points are drawn from a seed, all different; each is of its own scheme, sizes, array, dataflow and length.
 *
 *   npm run bench:closed-form [-- --points 200000 --seed 1 --profile ice40-up5k --out FILE]
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { costPoint } from '../dist/src/cost/point.js';
import { loadProfile } from '../dist/src/cost/profile.js';
import { Random } from '../dist/src/model/random.js';
import { SCHEMES } from '../dist/src/quant/scheme.js';

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'ice40-up5k' },
    out: { type: 'string' },
  },
});
const count = Number(values.points);
const profile = loadProfile(values.profile);

const NAMES = ['int8', 'ternary-level3', 'int8-level3', 'binary-level3', 'twn', 'hitnet'];
const random = new Random(Number(values.seed));
const pick = (list) => list[random.integer(list.length)];
const size = () => 1 + random.integer(256);

/** One point and its run. */
function draw() {
  const isSparse = random.integer(4) === 0;
  const inputs = random.integer(3);
  const vocabSize = 2 + random.integer(200);
  return {
    point: {
      scheme: SCHEMES[pick(NAMES)],
      input:
        inputs === 0
          ? { kind: 'dense', size: size() }
          : inputs === 1
            ? { kind: 'tokens', vocabSize, size: size() }
            : { kind: 'one-hot', vocabSize },
      hiddenSizes: Array.from({ length: 1 + random.integer(3) }, size),
      classes: 2 + random.integer(100),
      when: pick(['every-step', 'last-step']),
      rows: 1 + random.integer(64),
      columns: isSparse ? 1 : 1 + random.integer(8),
      ...(isSparse && { dataflow: 'sparse' }),
    },
    run: {
      sequences: [1 + random.integer(1000)],
      ...(isSparse && { density: random.uniform() }),
    },
  };
}

/** CPU seconds of this process, those of collecting garbage included. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

let checksum = 0;
const batch = 400;
function measure(points) {
  const list = Array.from({ length: points }, draw);
  const wall = performance.now();
  const cpu = cpuSeconds();
  for (const { point, run } of list) {
    const { cycles, energyPerStepPj, lut, areaUm2 } = costPoint(point, run, profile);
    checksum += cycles + energyPerStepPj + lut + areaUm2;
  }
  return { cpu: cpuSeconds() - cpu, wall: (performance.now() - wall) / 1000 };
}

for (let n = 0; n < 75; n++) measure(batch);
const total = { cpu: 0, wall: 0 };
for (let done = 0; done < count; done += batch) {
  const { cpu, wall } = measure(batch);
  total.cpu += cpu;
  total.wall += wall;
}
const rate = (seconds) => Math.round(count / seconds);
const result = {
  profile: values.profile,
  points: count,
  seed: Number(values.seed),
  pointsPerCpuSecond: rate(total.cpu),
  pointsPerSecond: rate(total.wall),
  node: process.versions.node,
};
console.log(
  `${values.profile}: ${result.pointsPerCpuSecond} points per second of one core, ${result.pointsPerSecond} by the ` +
    `clock; ${count} points, seed ${values.seed}, node ${result.node} (sum ${checksum.toPrecision(6)})`,
);
if (values.out) writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
