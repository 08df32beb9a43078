// Measures and verifies the Verilog of the integer-only LSTM, every variant:
//   npm run bench:integer [-- --designs 20 --hidden 8 --rows 2 --seed 1 --out docs/results/integer-hardware.md]
// Each row: LUTs, FFs and BRAMs by synthesis (iCE40 HX8K, npm Yosys), cycles by the simulator, and random
// designs of its kind whose Verilog ran against golden model and simulator. About half an hour; exits with 1
// where anything differs.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  cyclesOf,
  kindName,
  measuredDesign,
  measureInteger,
  MEASURED_KINDS,
} from '../dist/src/integer-hardware/measure.js';
import { randomHead } from '../dist/src/integer-hardware/random.js';
import { verifyIntegerRandom } from '../dist/src/integer-hardware/verify.js';
import { Random } from '../dist/src/model/random.js';
import { packageVersion } from '../dist/src/package-root.js';

const { values: options } = parseArgs({
  options: {
    designs: { type: 'string', default: '20' },
    hidden: { type: 'string', default: '8' },
    rows: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'docs/results/integer-hardware.md' },
  },
});
const [designs, hidden, rows, seed] = ['designs', 'hidden', 'rows', 'seed'].map((name) => {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value >= (name === 'seed' ? 0 : 1)) return value;
  console.error(`bench:integer: --${name}: ${options[name]}, must be a whole number of 1 or more`);
  process.exit(2);
});

const FAMILY = 'ice40-hx8k';
const STEPS = 16;
const SYMBOLS = 65;
const sizes = { input: hidden, hidden, rows, steps: STEPS };
const begun = performance.now();
const note = (text) => {
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.error(`${String(seconds).padStart(5)} s  ${text}`);
};

/** Random designs of a row's kind; what it does not name is drawn. */
function verified({ variant, activation, isBidirectional }, isPlain) {
  if (isBidirectional) return { isBidirectional, activation };
  return isPlain && activation === 'gemmlowp' ? { activation } : { variant };
}

/** Table of 65 symbols and a head as wide, for a text model. */
function textEnds() {
  const random = new Random(seed);
  const codes = Int8Array.from({ length: SYMBOLS * hidden }, () => random.integer(256) - 128);
  const bias = Float64Array.from({ length: SYMBOLS }, () => random.integer(4096) - 2048);
  const weights = Int8Array.from({ length: SYMBOLS * hidden }, () => random.integer(255) - 127);
  return {
    input: { kind: 'tokens', table: { name: 'embedding', count: SYMBOLS, size: hidden, codes } },
    head: {
      ...randomHead(random, hidden, 8),
      ...{ classes: SYMBOLS, weights, bias, when: 'every-step', output: 'class' },
    },
  };
}

let tool = '';
async function measured(name, design) {
  const { resources, tool: used } = await measureInteger(design, { family: FAMILY });
  tool = used;
  note(`${name}: ${resources.luts} LUT`);
  const { luts, ffs, brams } = resources;
  return [luts, ffs, brams, Math.round(cyclesOf(design, STEPS))];
}

const lines = [];
let [wrong, total, compared] = [0, 0, 0];
for (const kind of MEASURED_KINDS) {
  const name = kindName(kind);
  const isPlain = name === 'plain' || name === 'plain, gemmlowp';
  const result = await verifyIntegerRandom({ count: designs, seed, ...verified(kind, isPlain) });
  const { bitMismatches, cycleMismatches, statesChecked, outputsChecked, cases } = result;
  for (const { description, result } of cases) {
    if (result.firstProblems.length > 0) note(`${description}\n${result.firstProblems.join('\n')}`);
  }
  wrong += bitMismatches + cycleMismatches;
  total += cases.length;
  compared += statesChecked + outputsChecked;
  note(`${name}: ${cases.length} designs, ${bitMismatches + cycleMismatches} mismatches`);
  const figures = await measured(name, measuredDesign(kind, sizes));
  const checks = [cases.length, statesChecked + outputsChecked, bitMismatches, cycleMismatches];
  lines.push([name, ...figures, ...checks]);
}
const name = `plain, ${SYMBOLS} symbols in, ${SYMBOLS} classes out`;
const whole = measuredDesign(MEASURED_KINDS[0], sizes, textEnds());
lines.push([name, ...(await measured(name, whole)), '', '', '', '']);

const header = [
  ...['layer', 'LUT', 'FF', 'BRAM', 'cycles a step'],
  ...['random designs', 'values compared', 'bit mismatches', 'cycle mismatches'],
];
const row = (cells) => `| ${cells.join(' | ')} |`;
const page = `# Verilog of the integer-only LSTM, measured

Written by \`npm run bench:integer -- --designs ${designs} --hidden ${hidden} --rows ${rows} --seed ${seed}\` on
${new Date().toISOString().slice(0, 10)}: halfgate ${packageVersion()}, ${tool}, \`synth_ice40 -device hx\` (no DSP blocks:
every multiplier is in LUTs), before placement.

- **Size and cycles**: one layer of ${hidden} inputs and ${hidden} cells (a projection: to ${Math.ceil(hidden / 2)}) on ${rows} processing elements, int8,
  kernel tflite, single rounding, table lut256 unless the row says gemmlowp. Bidirectional layers keep sequences of
  ${STEPS} steps; cycles are the mean over one of ${STEPS} steps, and equal the Verilog's.
- **Random designs**: what the row names in the first layer, all else drawn from the seed: sizes, further layers, directions,
  kernel, activation, rounding, bits, rows, input tables, heads. Each runs at full speed, and after a reset amid work with
  random stalls; every c, m, h and output beat is compared with the golden model, every beat's cycle with the simulator.

${row(header)}
${row(header.map((_, n) => (n === 0 ? '---' : '--:')))}
${lines.map(row).join('\n')}

In all ${total} random designs, ${compared} values, ${wrong} mismatches.
`;
writeFileSync(options.out, page);
note(`written: ${options.out}`);
if (wrong > 0) process.exit(1);
