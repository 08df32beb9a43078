// What skipping zeros saves on trained ternary-level3 networks, and what paying for zeros in training adds:
//   npm run bench:sparse -- --text FILE [--bytes] [--hidden 128] [--epochs 3] [--weights 0,0.1,0.3] [--seeds 1]
//                           [--rows 16] [--steps 512] [--verify-steps 6] [--run DIR:SCHEME,...]
// Writes docs/results/sparse.md. Runs live in runs/sparse-*; a second call goes on where one stopped. --run adds
// trained models that are there already, at most `--rows` rows too.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { halfgate } from './cli.mjs';

const { values: options } = parseArgs({
  options: {
    text: { type: 'string' },
    bytes: { type: 'boolean', default: false },
    hidden: { type: 'string', default: '128' },
    embedding: { type: 'string', default: '32' },
    epochs: { type: 'string', default: '3' },
    weights: { type: 'string', default: '0,0.1,0.3' },
    seeds: { type: 'string', default: '1' },
    rows: { type: 'string', default: '16' },
    steps: { type: 'string', default: '512' },
    'verify-steps': { type: 'string', default: '6' },
    run: { type: 'string' },
  },
});
if (options.text === undefined) {
  console.error('bench:sparse: --text: no file given');
  process.exit(2);
}
const SCHEME = 'ternary-level3';
const { text, bytes, hidden, embedding, epochs, rows, steps } = options;

/** Quantized, simulated on test data in both dataflows, the sparse Verilog run. */
async function measure(run, scheme) {
  const where = ['--run', run, '--scheme', scheme];
  const { models } = await halfgate('quantize', ...where);
  const design = [...where, '--rows', rows, '--input-table', '--dataflow', 'sparse'];
  const { simulations } = await halfgate('simulate', ...design, '--sequences', steps);
  const checked = await halfgate(
    ...['verify', ...design, '--steps', options['verify-steps'], '--engines', 'npm'],
  );
  const [{ bitMismatches, cycleMismatches }] = checked.verifications;
  return {
    bits: models[0].evaluation.bitsPerSymbol,
    ...simulations[0],
    mismatches: `${bitMismatches} / ${cycleMismatches}`,
  };
}

const lines = [];
let dataset;
let version;
const row = (name, { bits, sparse, cyclesPerStep, mismatches }) => {
  const cells = [bits.toFixed(3), `${(100 * sparse.skipped).toFixed(1)} %`];
  const cycles = [sparse.osCyclesPerStep, cyclesPerStep].map((value) => value.toFixed(1));
  lines.push(
    `| ${[name, ...cells, ...cycles, `${sparse.speedUp.toFixed(2)}x`, mismatches].join(' | ')} |`,
  );
};
for (const seed of options.seeds.split(',')) {
  for (const weight of options.weights.split(',')) {
    const run = `runs/sparse-h${hidden}-seed${seed}-w${weight}`;
    const paid = Number(weight) > 0 ? ['--skip-weight', weight] : [];
    const trained = await halfgate(
      ...['train', '--text', text, ...(bytes ? ['--bytes'] : []), '--scheme', SCHEME, ...paid],
      ...['--hidden', hidden, '--embedding', embedding, '--epochs', epochs, '--seed', seed],
      ...['--run', run],
    );
    ({ dataset } = trained);
    version = trained.models[0].training.engineVersion;
    row(`H = ${hidden}, seed ${seed}, skip weight ${weight}`, await measure(run, SCHEME));
  }
}
for (const given of options.run?.split(',') ?? []) {
  const [run, scheme = SCHEME] = given.split(':');
  row(`${basename(run)}/${scheme}`, await measure(run, scheme));
}
const { version: halfgateVersion } = JSON.parse(readFileSync('package.json', 'utf8'));
const table = `# Zeros skipped

Ternary weights, gates in {0, 1/2, 1}; one sequence on ${rows} rows, W_x from a table, ${steps} steps of test data. An output
gate of 0 makes h exactly 0, and the sparse dataflow takes no cycle for it: same integers, fewer cycles. "os" is the
output-stationary dataflow of the same rows. Skip weight: what an h that is not zero costs in training.

| network | test bits per symbol | skipped | cycles per step, os | sparse | speed-up | bit / cycle mismatches of the Verilog |
|---|---:|---:|---:|---:|---:|---:|
${lines.join('\n')}

${dataset.name}: ${dataset.summary}; sha256 ${dataset.sha256.slice(0, 16)}; embedding ${embedding}, ${epochs} epochs.
halfgate ${halfgateVersion}, engine ${version}, seeds ${options.seeds}, ${new Date().toISOString().slice(0, 10)}.
Regenerate: \`npm run bench:sparse -- --text ${basename(text)}${bytes ? ' --bytes' : ''} --hidden ${hidden} --epochs ${epochs} --weights ${options.weights} --seeds ${options.seeds}\`
`;
mkdirSync('docs/results', { recursive: true });
writeFileSync('docs/results/sparse.md', table);
console.log(table);
console.log('written: docs/results/sparse.md');
