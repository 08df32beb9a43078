import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mapMemory } from '../../src/cost/memory-map.js';
import { loadProfile } from '../../src/cost/profile.js';
import { packageRoot } from '../../src/package-root.js';

type Row = ['rom' | 'ram', number, number, string, number];
const stored = JSON.parse(
  readFileSync(new URL('hw-profiles/data/memory-map.json', packageRoot()), 'utf8'),
) as { families: Record<string, Row[]> };

/** Names of the file for blocks that one cell type of Yosys' library stands for. */
const CELLS: Readonly<Record<string, string>> = {
  RAM64M: 'RAM32M/RAM64M',
  RAM32M: 'RAM32M/RAM64M',
  'RAMB18E1 (TDP)': 'RAMB (TDP)',
  'RAMB36E1 (TDP)': 'RAMB (TDP)',
  'RAMB18E1 (SDP)': 'RAMB (SDP)',
  'RAMB36E1 (SDP)': 'RAMB (SDP)',
};

describe.each([
  ['ice40', 'ice40-up5k'],
  ['ice40', 'ice40-hx8k'],
  ['ecp5', 'ecp5-25k'],
  ['xc7', 'xc7a35t'],
])('memories of %s by profile %s', (family, name) => {
  const { memories } = loadProfile(name).data;

  test('go where Yosys puts them', () => {
    const rows = stored.families[family];
    expect(rows.length).toBeGreaterThan(100);
    const mine = rows.map(([kind, width, depth]) => {
      const { block, blocks, resource } = mapMemory({ kind, width, depth }, memories);
      return [kind, width, depth, CELLS[block] ?? block, resource === 'logic' ? 1 : blocks];
    });
    expect(mine).toEqual(rows);
  });

  test('never take fewer bits than they hold', () => {
    for (const [kind, width, depth] of stored.families[family]) {
      const mapping = mapMemory({ kind, width, depth }, memories);
      if (mapping.resource === 'logic') continue;
      const block = memories.blocks.find((candidate) => candidate.name === mapping.block)!;
      const bits = block.widths.map((unit, step) => unit * 2 ** (block.addressBits - step));
      expect(mapping.blocks * Math.max(...bits)).toBeGreaterThanOrEqual(width * depth);
    }
  });
});
