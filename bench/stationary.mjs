// What holding weights in the array gives, against the output-stationary dataflow on as many elements:
//   npm run bench:stationary -- [--size 128] [--rows 16] [--columns 16] [--lockstep 1,4,16,32] [--small 4] [--families ice40-up5k,ecp5]
// Cycles and reads are of the simulator, which the Verilog equals; models are drawn, since neither follows the weights.
// LUTs and flip-flops are of small designs, by Yosys from npm. Writes docs/results/stationary.md.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { plan } from '../dist/src/design/plan.js';
import { sequencesOf } from '../dist/src/design/design.js';
import { synthesize } from '../dist/src/eda/synth.js';
import { emit } from '../dist/src/emit/emit.js';
import { Random } from '../dist/src/model/random.js';
import { packageVersion } from '../dist/src/package-root.js';
import { simulate } from '../dist/sim/simulate.js';
import { randomModel } from '../dist/src/verify/random-model.js';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '128' },
    rows: { type: 'string', default: '16' },
    columns: { type: 'string', default: '16' },
    lockstep: { type: 'string', default: '1,4,16,32' },
    small: { type: 'string', default: '4' },
    families: { type: 'string', default: 'ice40-up5k,ecp5' },
  },
});
const [size, rows, columns, small] = ['size', 'rows', 'columns', 'small'].map((name) => Number(options[name]));
const STEPS = 24;

function design(units, more) {
  const shape = { inputSize: units, hiddenSizes: [units], classes: 10, when: 'last-step' };
  const model = randomModel({ scheme: 'ternary-level3', ...shape }, new Random(1));
  return plan(model, { name: 'bench', ...more });
}

function speed(made) {
  const { cyclesPerStep, utilization, activity } = simulate(made, { sequences: [STEPS] });
  const { reads } = activity.memories.find(({ name }) => name === 'weight_bank');
  const sequences = sequencesOf(made);
  return { cyclesPerStep, utilization, reads: reads / STEPS / sequences, sequences };
}

const lines = [];
const row = (...cells) => lines.push(`| ${cells.join(' | ')} |`);
const held = options.lockstep.split(',').map((text) => [`ws`, { rows, columns, dataflow: 'ws', lockstep: Number(text) }]);
const cases = [...held, ['os', { rows, columns: 1 }], ['os', { rows, columns }]];

lines.push('# Weights that stay', '');
lines.push(
  `One layer of ${size} units, dense input of ${size}, ternary weights; sequences of ${STEPS} steps, all at the same time. "ws" is the`,
  'weight-stationary dataflow, "os" the output-stationary one. Reads: words of all weight banks, for one step of one',
  'sequence. Lanes: units that turn sums into gates, c and h.',
  '',
);
row('dataflow', 'array', 'sequences', 'lanes', 'cycles per step of all', 'utilization', 'weight reads per step and sequence');
row('---', '---', '---:', '---:', '---:', '---:', '---:');
for (const [name, more] of cases) {
  const made = design(size, more);
  const { cyclesPerStep, utilization, reads, sequences } = speed(made);
  const share = `${(100 * utilization).toFixed(1)} %`;
  row(name, `${more.rows} x ${more.columns}`, sequences, name === 'ws' ? 1 : more.columns, cyclesPerStep.toFixed(1), share, reads.toFixed(0));
}

lines.push('', `Small designs: one layer of 16 units, dense input of 16, ${small} x ${small} elements:`, '');
row('dataflow', 'sequences', 'family', 'LUT', 'FF', 'block RAM', 'DSP', 'LUT RAM');
row('---', '---:', '---', '---:', '---:', '---:', '---:', '---:');
let tool = '';
for (const more of [{ dataflow: 'ws', lockstep: 2 * small }, {}]) {
  const made = design(16, { rows: small, columns: small, ...more });
  for (const family of options.families.split(',')) {
    const result = await synthesize(emit(made).files, 'bench', family, { tool: 'npm' });
    const { luts, ffs, brams, dsps, lutRam } = result;
    row(more.dataflow ?? 'os', sequencesOf(made), family, luts, ffs, brams, dsps, lutRam);
    tool = `${result.tool} ${result.toolVersion}`;
  }
}
const day = new Date().toISOString().slice(0, 10);
lines.push(
  '',
  `Cycles, utilization and reads: the simulator's, equal to the Verilog's. LUT, FF, block RAM, DSP: measured (${tool}).`,
  `halfgate ${packageVersion()}, node ${process.version.slice(1)}, ${day}; regenerate: npm run bench:stationary`,
  '',
);
writeFileSync(new URL('../docs/results/stationary.md', import.meta.url), lines.join('\n'));
console.log(lines.join('\n'));
process.exit(0);
