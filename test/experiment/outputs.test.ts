import { expect, test } from 'vitest';
import { resultsMarkdown } from '../../src/experiment/markdown.js';
import { resultsPage } from '../../src/experiment/page.js';
import { planExperiment } from '../../src/experiment/plan.js';
import { dotPlot, plotFile } from '../../src/experiment/plot.js';
import { type Cell, gatherResults, type Results } from '../../src/experiment/results.js';
import { checkText, runTable } from '../../src/experiment/table.js';
import { writeArtifact, readArtifact } from '../../src/store/artifact.js';
import { parseExperiment, RESULTS } from '../../src/store/experiment-file.js';
import { scratchFolder } from '../scratch.js';
import { description } from './description.js';

const folder = scratchFolder();

function cell(loss: number, others: Partial<Cell> = {}): Cell {
  return {
    evaluation: { loss, bitsPerSymbol: loss / Math.LN2, accuracy: 0.5, count: 399 },
    ...{ steps: 12, seconds: 1.5, engine: 'native (avx2)', date: '2026-01-02' },
    ...others,
  };
}

const rounds = (gain: number) =>
  [0, 1, 2].map((round) => ({
    round,
    loss: 2.6 - gain * round,
    relativeError: 0.6 / 4 ** round,
  }));

const CELLS: (Cell | undefined)[][] = [
  [cell(2), cell(2.2)],
  [cell(2.125, { zeros: 0.25 }), cell(2.375, { zeros: 0.5, date: '2026-01-04' })],
  [cell(2.5, { rounds: rounds(0.1) }), cell(9.5, { rounds: rounds(0.2) })],
];

function results(cells = CELLS, fields: object = {}): Results {
  const experiment = parseExperiment(
    'tiny',
    description({
      columns: ['zeros', 'maxCell'],
      axis: { high: 3 },
      paper: [{ heading: 'a|b', source: 'their table 1', values: { float: 1.5 } }],
      notes: ['A note.'],
      checks: [
        { claim: 'quantization costs', expression: 'naive - float >= 0.1' },
        { claim: 'but little', expression: 'seeds(naive) <= seeds(float) + 0.15' },
        { claim: 'rounds help', expression: 'own.rounds.loss[end] < own.rounds.loss[1]' },
      ],
      ...fields,
    }),
  );
  return gatherResults(planExperiment(experiment, 'quick'), cells, {
    seeds: [1, 2],
    data: { name: 'words.txt', sha256: 'ab'.repeat(32), summary: '26 symbols' },
    halfgate: '0.1.0',
    recipe: 'H = 4',
    command: 'npm run experiment -- tiny',
  });
}

test('the Markdown has the table, the rounds, the checks and what made them', () => {
  expect(resultsMarkdown(results(), 'plot.svg')).toMatchInlineSnapshot(`
    "# A tiny comparison

    Nobody (2026), table 1. Data: words.txt, 26 symbols. Figures: test cross-entropy, nats; lower is better; of the golden
    integer model where the scheme is quantized.

    | run | seed 1 | seed 2 | mean | spread | to float | zero weights | max \\|c\\| | a\\|b |
    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
    | float | 2.0000 | 2.2000 | 2.1000 | 0.2000 | - | - | - | 1.5 |
    | after training | 2.1250 | 2.3750 | 2.2500 | 0.2500 | +0.1500 | 37.5 % | - | - |
    | a scheme of its own | 2.5000 | 9.5000 | 6.0000 | 7.0000 | +3.9000 | - | - | - |

    | round | a scheme of its own: loss | relative error |
    | --- | ---: | ---: |
    | 0 | 2.6000 | 0.6000 |
    | 1 | 2.4500 | 0.1500 |
    | 2 | 2.3000 | 0.0375 |

    ![A tiny comparison](plot.svg)

    - **passed**: quantization costs: \`naive - float >= 0.1\`, that is 0.15 >= 0.1
    - **failed**: but little: \`seeds(naive) <= seeds(float) + 0.15\`, that is [2.125, 2.375] <= [2.15, 2.35]
    - **passed**: rounds help: \`own.rounds.loss[end] < own.rounds.loss[1]\`, that is 2.3 < 2.6

    Column "a|b": their table 1.
    A note.

    halfgate 0.1.0; engine native (avx2); seeds 1, 2; 2026-01-04; size quick (H = 4); 9 s of training; regenerate: \`npm run experiment -- tiny\`
    "
  `);
});

test('the same cells give the same bytes, and results.json reads back', () => {
  const path = `${folder.path}/results.json`;
  writeArtifact(path, RESULTS, results());
  const again = readArtifact(path, RESULTS)!;
  expect(again).toEqual(JSON.parse(JSON.stringify(results())));
  for (const write of [(r: Results) => resultsMarkdown(r, 'p.svg'), resultsPage, plotFile]) {
    expect(write(again)).toBe(write(results()));
  }
});

test('what was not run is a dash, and its checks are not run', () => {
  const some = results([CELLS[0], [CELLS[1][0], undefined], [undefined, undefined]]);
  expect(runTable(some).rows.map((row) => row.slice(0, 5))).toEqual([
    ['float', '2.0000', '2.2000', '2.1000', '0.2000'],
    ['after training', '2.1250', '-', '-', '-'],
    ['a scheme of its own', '-', '-', '-', '-'],
  ]);
  expect(some.checks.map(({ status }) => status)).toEqual(['not run', 'not run', 'not run']);
  expect(resultsPage(some)).toContain('not run');
  expect(plotFile(some)).toContain('<svg');
});

test('a check that cannot be evaluated fails and says why', () => {
  const checks = [{ claim: 'c', expression: 'float.zeros > 0' }];
  const [check] = results(CELLS, { checks }).checks;
  expect(checkText(check)).toBe('failed: c (reads float.zeros, which the run does not have)');
});

test('metrics are read from the evaluation, and a missing one is told', () => {
  const of = (metric: string) => results(CELLS, { metric, axis: {} }).runs[0].mean;
  expect(of('bpc')).toBeCloseTo(2.1 / Math.LN2);
  expect(of('perplexity')).toBeCloseTo((Math.exp(2) + Math.exp(2.2)) / 2);
  expect(of('accuracy')).toBe(50);
  expect(() => of('f1')).toThrow('tiny: the evaluation has no f1');
});

test('the plot has a dot per seed, a bar per mean and an arrow for what lies outside', () => {
  const plot = dotPlot(results());
  // Of six values one, and one of three means, are beyond the axis' 3.
  expect(plot.match(/<circle /g)).toHaveLength(5);
  expect(plot.match(/class="mean"/g)).toHaveLength(2);
  expect(plot.match(/<path /g)).toHaveLength(1);
  expect(plot).toContain('6.0000');
});

test('the plot file stands alone and has the curves of the rounds', () => {
  const file = plotFile(results());
  expect(file).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 560 \d+/);
  expect(file).toContain('prefers-color-scheme: dark');
  expect(file.match(/<g transform/g)).toHaveLength(3);
});
