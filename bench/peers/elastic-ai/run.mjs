// Our LSTMs beside those of elasticai.creator, by the same tools:
//   node bench/peers/elastic-ai/run.mjs --python bench/peers/elastic-ai/.venv/bin/python [--only fixed-20-1]
// Writes docs/results/elastic-ai.md. Every measurement is kept in runs/elastic-ai/results.jsonl: a second call goes on
// where one stopped.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { packageVersion } from '../../../dist/src/package-root.js';
import { measure } from './fpga.mjs';
import { cyclesPerStep, ourDesign, rowsFor, rowsWithin } from './ours.mjs';
import { page } from './page.mjs';
import { theirDesign, theirVersions } from './theirs.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'bench/peers/elastic-ai/.venv/bin/python' },
    seed: { type: 'string', default: '1' },
    tool: { type: 'string', default: 'npm' },
    only: { type: 'string' },
  },
});
if (!['npm', 'native'].includes(options.tool)) {
  console.error(`--tool: '${options.tool}' is none of npm, native`);
  process.exit(2);
}
if (!existsSync(options.python)) {
  console.error(
    `--python: there is no ${options.python}; bench/peers/elastic-ai/README.md says how to install one`,
  );
  process.exit(2);
}
const seed = Number(options.seed);
const SEEDS = [1, 2, 3];
/** Cycles of ours may exceed theirs by so much and still count as the same speed. */
const SAME_SPEED = 1.02;
const FOLDER = 'runs/elastic-ai';
const KEPT = `${FOLDER}/results.jsonl`;

/** Their integer layer as it works best: templates that overlap the gates, one product a cycle and gate. */
const INTEGER = { kind: 'integer', steps: 4, pipeline: true, unroll: 1 };

/** Each of theirs, the iCE40 on which both are placed, and whether ours are measured beside it. */
const CASES = [
  { kind: 'fixed', hidden: 20, inputs: 1, steps: 4, family: 'ice40-up5k', isCompared: true },
  { ...INTEGER, hidden: 32, inputs: 16, family: 'ice40-hx8k', isCompared: true },
  // What is as fast in other sizes, does not simulate to its model's values, or does not become Verilog.
  { kind: 'fixed', hidden: 20, inputs: 2, steps: 4 },
  { kind: 'fixed', hidden: 32, inputs: 1, steps: 4 },
  { ...INTEGER, hidden: 20, inputs: 16 },
  { ...INTEGER, hidden: 20, inputs: 1 },
  { ...INTEGER, hidden: 20, inputs: 4 },
  { ...INTEGER, hidden: 32, inputs: 16, unroll: 4 },
  { ...INTEGER, hidden: 32, inputs: 16, pipeline: false },
];
const nameOf = ({ kind, hidden, inputs, pipeline, unroll }) =>
  [
    kind,
    hidden,
    inputs,
    ...(kind === 'integer' ? [pipeline ? `pipeline-${unroll}` : 'plain'] : []),
  ].join('-');

mkdirSync(FOLDER, { recursive: true });
const versions = { ...(await theirVersions(options.python)), halfgate: packageVersion() };
const stamp = JSON.stringify({ ...versions, seed, tool: options.tool, seeds: SEEDS });
const kept = new Map(
  (existsSync(KEPT) ? readFileSync(KEPT, 'utf8').split('\n') : [])
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line))
    .filter((row) => row.stamp === stamp)
    .map((row) => [row.name, row.result]),
);

/** The result by that name, made once. */
async function once(name, make) {
  if (!kept.has(name)) {
    const begun = performance.now();
    const result = await make();
    kept.set(name, result);
    appendFileSync(KEPT, `${JSON.stringify({ stamp, name, result })}\n`);
    console.error(`${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  return kept.get(name);
}

const onFpga = (name, design, family) =>
  once(`${name} on ${family}`, async () =>
    measure(await design(), family, { seeds: SEEDS, tool: options.tool }),
  );

async function compared(name, theirs, { hidden, inputs, family }) {
  const theirCircuit = () => ({
    files: { 'theirs.v': theirs.verilog },
    top: theirs.top,
    clock: 'clock',
  });
  const rows = [
    {
      who: name,
      ...theirs,
      area: await onFpga(name, theirCircuit, family),
      xc7: await onFpga(name, theirCircuit, 'xc7'),
    },
  ];
  const size = { hidden, inputs, seed };
  const speed = (scheme) => ({
    ...size,
    scheme,
    rows: rowsFor({ ...size, scheme }, SAME_SPEED * theirs.cyclesPerStep),
  });
  const large = { ...size, scheme: 'ternary-level3' };
  const chosen = [
    speed('int8'),
    speed('ternary-level3'),
    { ...large, rows: rowsWithin(large, family, rows[0].area.luts) },
  ];
  for (const ours of chosen) {
    const ourName = `${ours.scheme}-${hidden}-${inputs}-r${ours.rows}`;
    const { different, cycleMismatches, values } = await once(ourName, async () => {
      const { files: _, ...checked } = await ourDesign(ours);
      return checked;
    });
    rows.push({
      ...{ who: ourName, scheme: ours.scheme, rows: ours.rows, cyclesPerStep: cyclesPerStep(ours) },
      ...{ different, cycleMismatches, values },
      area: await onFpga(ourName, () => ourDesign(ours), family),
      xc7: await onFpga(ourName, () => ourDesign(ours), 'xc7'),
    });
  }
  return rows;
}

const tables = [];
const others = [];
for (const theirCase of CASES) {
  const name = nameOf(theirCase);
  if (options.only !== undefined && options.only !== name) continue;
  const { family: _, isCompared, ...described } = theirCase;
  const theirs = await once(name, () =>
    theirDesign({ ...described, seed }, `${FOLDER}/${name}`, options.python, isCompared === true),
  );
  if (isCompared !== true || theirs.verilog === undefined) others.push({ ...theirCase, ...theirs });
  else tables.push({ ...theirCase, rows: await compared(name, theirs, theirCase) });
}
const text = page({ tables, others, versions, seed });
if (options.only === undefined) {
  mkdirSync('docs/results', { recursive: true });
  writeFileSync('docs/results/elastic-ai.md', text);
  console.log('written: docs/results/elastic-ai.md');
} else {
  console.log(text);
}
