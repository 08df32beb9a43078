import { expect, test } from 'vitest';
import { referenceEngine } from '../../src/engine/reference.js';
import { largestCell, zeroShare } from '../../src/experiment/figures.js';
import { limitDataset } from '../../src/experiment/limit.js';
import type { TextDataset } from '../../src/model/dataset.js';
import { initModel, type Model } from '../../src/model/model.js';
import { SCHEMES } from '../../src/quant/scheme.js';

function model(scheme: string): Model {
  return initModel(
    {
      scheme: scheme === 'float' ? 'float' : SCHEMES[scheme],
      input: { kind: 'tokens', vocabSize: 3, embeddingSize: 2 },
      hiddenSizes: [2],
      classes: 3,
      when: 'every-step',
    },
    1,
  );
}

const tokens = Int32Array.from({ length: 120 }, (_, n) => (n * n) % 3);
const dataset: TextDataset = {
  ...{ kind: 'text', symbols: ['a', 'b', 'c'], train: tokens, valid: tokens, test: tokens },
};

test('zeros are counted over the codes of the layers', () => {
  expect(zeroShare(model('float'))).toBeUndefined();
  expect(zeroShare(model('bwn'))).toBe(0);
  const ternary = model('twn');
  // Of each gate's four weights on h, one far above 0.7 of their mean.
  const weights = ternary.layers[0].weights.map((_, n) => (n % 8 === 2 ? 1 : 0.01));
  const share = zeroShare({ ...ternary, layers: [{ ...ternary.layers[0], weights }] });
  // x: all alike, none 0; h: three of four are.
  expect(share).toBe(3 / 8);
});

test('the largest cell is real-valued, whatever the format', () => {
  const engine = referenceEngine();
  const float = largestCell(model('float'), dataset, engine)!;
  expect(float).toBeGreaterThan(0);
  expect(float).toBeLessThan(2);
  const { scheme: _, ...weights } = model('float');
  const int8 = largestCell({ ...weights, scheme: SCHEMES['int8'] }, dataset, engine)!;
  expect(Math.abs(int8 - float)).toBeLessThan(0.05);
});

test('a limit takes the beginning of each part', () => {
  const { train, valid, test: rest } = limitDataset(dataset, { train: 7, test: 1000 });
  expect([train, valid.length, rest.length]).toEqual([tokens.slice(0, 7), 120, 120]);
  expect(limitDataset(dataset, undefined)).toBe(dataset);
});
