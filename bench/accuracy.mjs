// Accuracy of the schemes on a text, over several seeds, on the golden integer model:
//   npm run bench:accuracy -- --text FILE [--bytes] [--hidden 128] [--embedding 32] [--epochs 3]
//                             [--seeds 1,2,3] [--jobs 1] [--name NAME]
// Writes docs/results/<name>.md. Runs live in runs/<name>-seed<n>; a second call goes on where one stopped.
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
    seeds: { type: 'string', default: '1,2,3' },
    jobs: { type: 'string', default: '1' },
    name: { type: 'string' },
  },
});
if (options.text === undefined) {
  console.error('bench:accuracy: --text: no file given');
  process.exit(2);
}
const SCHEMES = ['float', 'int8', 'ternary-level3'];
const seeds = options.seeds.split(',');
const name = options.name ?? basename(options.text).replace(/\W.*$/, '');

function train(scheme, seed) {
  return halfgate(
    ...['train', '--text', options.text, ...(options.bytes ? ['--bytes'] : [])],
    ...['--hidden', options.hidden, '--embedding', options.embedding, '--epochs', options.epochs],
    ...['--scheme', scheme, '--seed', seed, '--run', `runs/${name}-seed${seed}-${scheme}`],
  );
}

const queue = seeds.flatMap((seed) => SCHEMES.map((scheme) => ({ seed, scheme })));
const results = [];
async function worker() {
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
    const { dataset, models } = await train(job.scheme, job.seed);
    results.push({ ...job, dataset, model: models[0] });
  }
}
await Promise.all(Array.from({ length: Number(options.jobs) }, worker));

const bits = (scheme, seed) =>
  results.find((result) => result.scheme === scheme && result.seed === seed).model.evaluation
    .bitsPerSymbol;
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const floatMean = mean(seeds.map((seed) => bits('float', seed)));
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const rows = SCHEMES.map((scheme) => {
  const list = seeds.map((seed) => bits(scheme, seed));
  const spread = Math.max(...list) - Math.min(...list);
  const cells = [...list, mean(list), spread, mean(list) - floatMean].map((value) =>
    value.toFixed(3),
  );
  return `| ${scheme} | ${cells.join(' | ')} |`;
});
const { dataset, model } = results[0];
const table = `# Accuracy: ${basename(options.text)}

Test bits per symbol; quantized schemes on the golden integer model. Hidden ${options.hidden}, embedding
${options.embedding}, ${options.epochs} epochs (${model.training.steps} steps).

| scheme | ${seeds.map((seed) => `seed ${seed}`).join(' | ')} | mean | spread | mean - float |
|---|${'---|'.repeat(seeds.length + 3)}
${rows.join('\n')}

${dataset.summary}; sha256 ${dataset.sha256.slice(0, 16)}.
halfgate ${version}, engine ${model.training.engineVersion}, ${new Date().toISOString().slice(0, 10)}.
Regenerate: \`npm run bench:accuracy -- --text ${basename(options.text)}${options.bytes ? ' --bytes' : ''} --hidden ${options.hidden} --embedding ${options.embedding} --epochs ${options.epochs} --seeds ${options.seeds} --name ${name}\`
`;
mkdirSync('docs/results', { recursive: true });
writeFileSync(`docs/results/${name}.md`, table);
console.log(table);
console.log(`written: docs/results/${name}.md`);
