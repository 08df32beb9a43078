// What skipping the candidate's rows of units whose input gate is 0 could save (docs/decisions/0012):
//   npm run bench:candidate-rows -- --runs runs/sparse-h128-seed1-w0,... [--scheme ternary-level3] [--rows 16] [--steps 3000]
// On test data, by the golden model, of the first layer: how often i is 0, and how many of the candidate's folds an array
// of that many rows still needs if each row takes the next unit of its own bank whose i is not 0.
import { parseArgs } from 'node:util';
import { openRun } from '../dist/src/cli/run-choice.js';
import { reopenDataset } from '../dist/src/cli/stages/data.js';
import { plan } from '../dist/src/design/plan.js';
import { embed, initialState, step } from '../dist/src/quant/golden.js';
import { readQuantized } from '../dist/src/store/quantized-file.js';
import { datasetInput } from '../dist/src/verify/dataset-input.js';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string' },
    scheme: { type: 'string', default: 'ternary-level3' },
    rows: { type: 'string', default: '16' },
    steps: { type: 'string', default: '3000' },
  },
});
if (options.runs === undefined) {
  console.error('bench:candidate-rows: --runs: no run folder given');
  process.exit(2);
}
const [rows, steps] = [Number(options.rows), Number(options.steps)];

/** Whether i of each unit is 0 in the step from h on x: sums below the lower threshold. */
function closedGates({ hiddenSize, weights, rows: parameters }, x, h) {
  const k = x.length + h.length;
  return Array.from({ length: hiddenSize }, (_, unit) => {
    let sum = 0;
    for (let n = 0; n < x.length; n++) sum += weights[unit * k + n] * x[n];
    for (let n = 0; n < h.length; n++) sum += weights[unit * k + x.length + n] * h[n];
    return sum < parameters[unit].low;
  });
}

console.log('| run | i = 0 | candidate folds left | of all cycles |');
console.log('|---|---:|---:|---:|');
for (const folder of options.runs.split(',')) {
  const run = openRun(folder);
  const { quantized: model } = readQuantized(`${folder}/${options.scheme}/quantized.json`);
  const [layer] = model.layers;
  if (layer.rows[0].kind !== 'threshold' || model.input.kind !== 'tokens') {
    console.error(`bench:candidate-rows: ${folder}: needs gates of levels and tokens`);
    process.exit(2);
  }
  const design = plan(model, { name: 'dut', rows, columns: 1 });
  const batches = datasetInput(design, reopenDataset(run).dataset, steps);
  let [closed, all, left] = [0, 0, 0];
  for (const batch of batches) {
    const state = initialState(model);
    for (const [token] of batch.steps) {
      const isClosed = closedGates(layer, embed(model, token), state.h[0]);
      const banks = Array.from({ length: rows }, () => 0);
      isClosed.forEach((skipped, unit) => {
        all++;
        if (skipped) closed++;
        else banks[unit % rows]++;
      });
      left += Math.max(...banks) / Math.ceil(layer.hiddenSize / rows);
      step(model, state, embed(model, token));
    }
  }
  const folds = left / (all / layer.hiddenSize);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  console.log(`| ${folder} | ${percent(closed / all)} | ${percent(folds)} | -${percent((1 - folds) / 4)} |`);
}
