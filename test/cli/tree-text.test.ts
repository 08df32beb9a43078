import { expect, test } from 'vitest';
import { treeText } from '../../src/cli/tree-text.js';

test('a tree has its names on the left and its cells in columns', () => {
  const leaf = (name: string, ...cells: string[]) => ({ name, cells, children: [] });
  const root = {
    name: 'all',
    cells: ['10', '100 %'],
    children: [
      {
        name: 'one',
        cells: ['7', '70 %'],
        children: [leaf('a', '3', '30 %'), leaf('b', '4', '40 %')],
      },
      leaf('two', '3', '30 %'),
    ],
  };
  expect(treeText(root, ['what', 'n', 'share']).split('\n')).toEqual([
    'what    n  share',
    'all    10  100 %',
    '├ one   7   70 %',
    '│ ├ a   3   30 %',
    '│ └ b   4   40 %',
    '└ two   3   30 %',
  ]);
});
