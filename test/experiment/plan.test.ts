import { expect, test } from 'vitest';
import { circle, planExperiment, runsInOrder } from '../../src/experiment/plan.js';
import { DEFAULT_OPTIMIZER } from '../../src/engine/engine.js';
import { parseExperiment } from '../../src/store/experiment-file.js';
import { description } from './description.js';

const experiment = parseExperiment('tiny', description());

test('a run is its base, what the size changes, and its own fields, in this order', () => {
  const quick = planExperiment(experiment, 'quick');
  const full = planExperiment(experiment, 'full');
  const steps = (plan: typeof quick) => plan.runs.map(({ config }) => config(1).steps);
  // Not trained: no settings of training are its inputs.
  expect(steps(quick)).toEqual([12, undefined, 5]);
  expect(steps(full)).toEqual([20, undefined, 30]);
  expect(quick.runs[2].config(7)).toMatchObject({
    seed: 7,
    hiddenSizes: [4],
    optimizer: { ...DEFAULT_OPTIMIZER, clip: 5, gateGradient: 'level' },
  });
  expect(quick.limit).toEqual({ train: 3000, test: 400 });
  expect(full.limit).toEqual({});
  expect(full.spec).toEqual({
    ...{ kind: 'text', path: 'words.txt', mode: 'bytes', maxSymbols: 256 },
    split: [0.8, 0.1, 0.1],
  });
});

test('a size may have checks, paper columns, a metric and an axis of its own', () => {
  const other = parseExperiment(
    'tiny',
    description({
      sizes: { full: { metric: 'bpc', axis: { high: 4 } } },
      checks: [{ claim: 'c', expression: 'naive > 0', sizes: ['full'] }],
      paper: [{ heading: 'h', source: 's', values: { float: 1 }, sizes: ['quick'] }],
    }),
  );
  const of = (size: 'quick' | 'full') => {
    const { metric, axis, checks, paper } = planExperiment(other, size);
    return [metric, axis, checks.length, paper.length];
  };
  expect(of('quick')).toEqual(['loss', {}, 0, 1]);
  expect(of('full')).toEqual(['bpc', { high: 4 }, 1, 0]);
});

const CHAIN = [
  { name: 'c', from: 'b' },
  { name: 'a' },
  { name: 'b', from: 'a' },
  { name: 'd', from: 'a' },
];

test('runs come after those they start from, and bring them along', () => {
  const names = (only?: string[]) => runsInOrder(CHAIN, only).map(({ name }) => name);
  expect(names()).toEqual(['a', 'b', 'c', 'd']);
  expect(names(['c'])).toEqual(['a', 'b', 'c']);
});

test('a circle is found wherever one begins', () => {
  expect(circle(CHAIN)).toBeUndefined();
  expect(circle([...CHAIN.slice(0, 1), { name: 'b', from: 'c' }])).toEqual(['c', 'b', 'c']);
  expect(
    circle([
      { name: 'x', from: 'y' },
      { name: 'y', from: 'y' },
    ]),
  ).toEqual(['y', 'y']);
});
