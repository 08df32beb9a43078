// What share of faults, put into the Verilog one by one, verification finds (docs/verify.md):
//   npm run bench:mutation -- [--faults 48] [--seed 1] [--steps 30] [--limit 60] [--designs NAME,...]
// Writes docs/results/mutation.md. What is measured is kept in runs/mutation.jsonl, by design and Verilog: a second
// call goes on where one stopped.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { plan } from '../dist/src/design/plan.js';
import { npmYosysVersion } from '../dist/src/eda/yosys.js';
import { findTool } from '../dist/src/eda/tools.js';
import { emit } from '../dist/src/emit/emit.js';
import { Random } from '../dist/src/model/random.js';
import { mutationScore } from '../dist/src/mutation/score.js';
import { stressInput } from '../dist/src/verify/extreme-input.js';
import { randomModel } from '../dist/src/verify/random-model.js';
import { emitTestbench } from '../dist/src/emit/project.js';
import { testVectors } from '../dist/src/verify/golden-run.js';

const { values: options } = parseArgs({
  options: {
    faults: { type: 'string', default: '48' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '30' },
    limit: { type: 'string', default: '60' },
    designs: { type: 'string' },
  },
});

/** Small designs with random weights, each of another kind. */
const DESIGNS = {
  'ternary-level3': {
    text: 'ternary-level3, dense input, 3 -> 5 -> 4 classes, 3 x 2',
    shape: { inputSize: 3, hiddenSizes: [5], classes: 4, when: 'every-step' },
    array: { rows: 3, columns: 2 },
  },
  int8: {
    text: 'int8, 9 tokens, 4 -> 6 -> 5 classes, 4 x 1',
    shape: { inputSize: 4, hiddenSizes: [6], vocabSize: 9, classes: 5, when: 'every-step' },
    array: { rows: 4, columns: 1 },
  },
  hitnet: {
    text: 'hitnet, 11 tokens, 10 -> 12 -> 4 classes, 4 x 1',
    shape: { inputSize: 10, hiddenSizes: [12], vocabSize: 11, classes: 4, when: 'last-step' },
    array: { rows: 4, columns: 1 },
  },
  'bcq-2': {
    text: 'bcq-2, dense input, 4 -> 4 -> 3 classes, 4 x 1',
    shape: { inputSize: 4, hiddenSizes: [4], classes: 3, when: 'every-step' },
    array: { rows: 4, columns: 1 },
  },
};

const JOURNAL = 'runs/mutation.jsonl';
const [count, seed, steps, limitSeconds] = ['faults', 'seed', 'steps', 'limit'].map((name) =>
  Number(options[name]),
);
const chosen = options.designs?.split(',') ?? Object.keys(DESIGNS);
const unknown = chosen.filter((name) => DESIGNS[name] === undefined);
if (unknown.length > 0 || ![count, seed, steps, limitSeconds].every(Number.isInteger)) {
  console.error(
    unknown.length > 0
      ? `bench:mutation: --designs: ${unknown.join()}: not one of ${Object.keys(DESIGNS).join()}`
      : 'bench:mutation: --faults, --seed, --steps, --limit: whole numbers',
  );
  process.exit(2);
}
const iverilog = await findTool('iverilog');
const checks = ['npm', ...(iverilog === undefined ? [] : ['iverilog'])];
mkdirSync('runs', { recursive: true });
const journal = existsSync(JOURNAL)
  ? readFileSync(JOURNAL, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
  : [];

async function measure(name) {
  const { shape, array } = DESIGNS[name];
  const model = randomModel({ scheme: name, ...shape }, new Random(3));
  const design = plan(model, { name: 'dut', ...array });
  const batches = stressInput(design, steps, new Random(seed));
  const bench = emitTestbench(design, testVectors(design, batches));
  const text = JSON.stringify([emit(design).files, bench.files]);
  const verilog = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const key = JSON.stringify({ name, count, seed, steps, limitSeconds, checks, verilog });
  const known = journal.find((entry) => entry.key === key);
  if (known) return known;
  const begin = performance.now();
  const report = await mutationScore(design, batches, {
    ...{ count, seed, checks, limitSeconds },
    onFault: ({ file, line }, done, total) =>
      process.stderr.write(`\r${name}: ${done} of ${total}: ${file}:${line}            `),
  });
  process.stderr.write('\n');
  const date = new Date().toISOString().slice(0, 10);
  const entry = { key, name, date, seconds: Math.round((performance.now() - begin) / 1000), report };
  appendFileSync(JOURNAL, `${JSON.stringify(entry)}\n`);
  return entry;
}

const entries = [];
for (const name of chosen) entries.push(await measure(name));
const rows = entries.flatMap(({ name, report }) =>
  report.scores.map(({ check, killed, survived, score }) => {
    const cells = [DESIGNS[name].text, check, count, killed, survived, report.equivalent];
    return `| ${[...cells, `${(100 * score).toFixed(1)} %`].join(' | ')} |`;
  }),
);
const survivors = entries.flatMap(({ name, report }) =>
  report.faults.flatMap(({ file, line, before, after, isEquivalent, found }) => {
    const missed = checks.filter((check) => found[check] === undefined);
    if (isEquivalent || missed.length === 0) return [];
    return [`${name}, not found by ${missed.join(', ')}: ${file}:${line}\n    ${before}\n    ${after}`];
  }),
);
const proofs = {};
for (const { report } of entries) {
  for (const { proof } of report.faults) if (proof) proofs[proof] = (proofs[proof] ?? 0) + 1;
}
const proved = Object.entries(proofs).sort().map(([how, n]) => `${n} by ${how.replace(',', ' of contents')}`);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const tools = [
  `Yosys ${await npmYosysVersion()} (npm)`,
  ...(iverilog === undefined ? [] : [`iverilog ${iverilog.version}`]),
];
const table = `# Faults found

Random weights; sequences of up to ${steps} steps (src/verify/extreme-input.ts). npm: the runs of \`halfgate verify\`; iverilog: the generated
testbench with the same inputs. Score: found / (found + survived); equivalent: proved to do the same as without the fault.

| design | check | faults | found | survived | equivalent | score |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Proved equivalent: ${proved.length > 0 ? proved.join(', ') : 'none'}.

${survivors.length > 0 ? `Survived:\n\n\`\`\`\n${survivors.join('\n')}\n\`\`\`` : 'None survived.'}

halfgate ${version}, ${tools.join(', ')}, seed ${seed}, ${entries.map(({ date }) => date).sort().at(-1)}. Regenerate: \`npm run bench:mutation -- --faults ${count} --seed ${seed}\`
`;
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/mutation.md', table);
console.log(table);
