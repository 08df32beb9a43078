// What a multiply-accumulate of each scheme takes, measured, and random designs of it against golden model and simulator:
//   npm run bench:schemes -- [--schemes int8,ternary] [--designs 20] [--seed 1]
// Writes docs/results/schemes.md. Every finished scheme is kept in runs/schemes.jsonl: a second call goes on where
// one stopped. Takes about two minutes a scheme.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureDesign } from '../dist/src/cost/calibrate.js';
import { peOf } from '../dist/src/cost/inventory.js';
import { plan } from '../dist/src/design/plan.js';
import { emit } from '../dist/src/emit/emit.js';
import { Random } from '../dist/src/model/random.js';
import { packageVersion } from '../dist/src/package-root.js';
import { SCHEMES } from '../dist/src/quant/scheme.js';
import { randomModel } from '../dist/src/verify/random-model.js';
import { verifyRandom } from '../dist/src/verify/random.js';
import { simulate } from '../dist/sim/simulate.js';

const { values: options } = parseArgs({
  options: {
    schemes: { type: 'string' },
    designs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const names = options.schemes?.split(',') ?? Object.keys(SCHEMES);
const unknown = names.find((name) => !Object.hasOwn(SCHEMES, name));
if (unknown !== undefined) {
  console.error(`bench:schemes: --schemes: no '${unknown}'; allowed: ${Object.keys(SCHEMES).join(', ')}`);
  process.exit(2);
}
const [count, seed] = [Number(options.designs), Number(options.seed)];
const FAMILY = 'ice40-hx8k';
const ROWS = 12;
const SIZES = { inputSize: 32, hiddenSizes: [32], classes: 8, when: 'every-step' };
const KEPT = 'runs/schemes.jsonl';

async function measure(scheme) {
  const model = randomModel({ ...SIZES, scheme }, new Random(seed));
  const design = plan(model, { name: 'measured', rows: ROWS, columns: 1, dsp: 0 });
  const { point, tool, toolVersion } = await measureDesign(design, emit, FAMILY, { dsp: false });
  const { measured, totals } = point;
  const { array, jobs } = design;
  const [job] = jobs;
  const words = job.passes.reduce((sum, pass) => sum + pass.k, 0);
  const weights = job.outputs * (SIZES.inputSize + SIZES.hiddenSizes[0]);
  const perElement = measured[peOf(design)].luts / ROWS;
  // Element cycles that a multiply-accumulate of the layer takes: planes, and operands in one word.
  const elementCycles = (job.sums * words) / weights;
  return {
    scheme,
    array: `${array.kind} ${array.weightBits} x ${array.activationBits} bit${array.pack > 1 ? `, by ${array.pack}` : ''}, sum ${design.accBits}`,
    ...{ elementCycles, perElement },
    perMac: perElement * elementCycles,
    weightLuts: measured['memory:weights'].luts,
    ...{ luts: totals.luts, ffs: totals.ffs, brams: totals.brams },
    cyclesPerStep: simulate(design, { sequences: [1] }).cyclesPerStep,
    tool: `${tool} ${toolVersion}`,
  };
}

async function verified(scheme) {
  const { cases, bitMismatches, cycleMismatches } = await verifyRandom({ count, seed, scheme });
  return { designs: cases.length, bitMismatches, cycleMismatches };
}

const version = packageVersion();
const isSame = (row) => row.version === version && row.count === count && row.seed === seed;
mkdirSync('runs', { recursive: true });
const kept = existsSync(KEPT)
  ? readFileSync(KEPT, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line))
      .filter(isSame)
  : [];
const results = new Map(kept.map((row) => [row.scheme, row]));
const begun = performance.now();
const todo = names.filter((name) => !results.has(name));
for (const [done, scheme] of todo.entries()) {
  const row = { version, count, seed, ...(await measure(scheme)), ...(await verified(scheme)) };
  appendFileSync(KEPT, `${JSON.stringify(row)}\n`);
  results.set(scheme, row);
  const seconds = (performance.now() - begun) / 1000;
  const left = Math.round((seconds / (done + 1)) * (todo.length - done - 1));
  console.error(
    `${scheme}: ${row.perMac.toFixed(1)} LUT per MAC, ${row.bitMismatches} / ${row.cycleMismatches} mismatches of ` +
      `${row.designs} designs; ${done + 1} of ${todo.length} schemes, ${left} s left`,
  );
}

const rows = Object.keys(SCHEMES).flatMap((name) => {
  const row = results.get(name);
  if (row === undefined) return [];
  const cells = [
    row.scheme,
    row.array,
    row.elementCycles.toFixed(2),
    row.perElement.toFixed(1),
    `**${row.perMac.toFixed(1)}**`,
    row.weightLuts,
    row.luts,
    row.ffs,
    row.brams,
    Math.round(row.cyclesPerStep),
    `${row.bitMismatches} / ${row.cycleMismatches} of ${row.designs}`,
  ];
  return [`| ${cells.join(' | ')} |`];
});
const page = `# What each scheme takes

An LSTM of ${SIZES.inputSize} inputs and ${SIZES.hiddenSizes[0]} units with ${SIZES.classes} classes, random weights, on an array of ${ROWS} rows and one column, for
${FAMILY} without DSP blocks.

| scheme | element | element cycles per MAC | LUT per element | LUT per MAC | LUT as weight memory | LUT, all | FF | BRAM | cycles per step | mismatches, bits / cycles |
|---|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}

- LUT per element: of the array's elements alone, every cell of the netlist attributed to its module
- LUT per MAC: LUTs that it takes to do one multiply-accumulate of the layer a cycle: planes of codes take several element cycles, words of several operands a fraction of one
- LUT as weight memory: Yosys keeps narrow memories in logic where it takes that for cheaper than a block RAM each
- Mismatches: of random designs of the scheme, emitted, run as RTL at full speed and with random stalls, against golden model (bits) and simulator (cycles)
- LUT, FF, BRAM: measured (${[...results.values()][0]?.tool})

halfgate ${version}, seed ${seed}, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; regenerate: npm run bench:schemes
`;
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/schemes.md', page);
console.log(page);
console.log('written: docs/results/schemes.md');
