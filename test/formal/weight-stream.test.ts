/** Proofs of what weights from off chip go through, and planted faults that they catch. */
import { describe, expect, test } from 'vitest';
import { templateSource } from '../../src/emit/render.js';
import { PROPERTIES } from '../../src/formal/catalogue.js';
import { prove, type Proof } from '../../src/formal/prove.js';

type Given = Readonly<Record<string, number | string>>;

const bits32 = (value: number): string => (value >>> 0).toString(2).padStart(32, '0');

function proofOf(
  unit: string,
  given: Given,
  fault?: { readonly from: string; readonly to: string },
): Promise<Proof> {
  const property = PROPERTIES.find(({ spec }) => spec === unit)!;
  let source = templateSource(`${unit}.v`);
  if (fault !== undefined) {
    expect(source.split(fault.from)).toHaveLength(2);
    source = source.replace(fault.from, () => fault.to);
  }
  const parameters = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'number' ? bits32(value) : value,
    ]),
  );
  return prove(property, parameters, { [`${unit}.v`]: source }, { limitSeconds: 120 });
}

const LINES = { LINE_WIDTH: 2, PLACE_WIDTH: 2, LAST_PLACE: '10', RELEASE_DELAY: 3 } as const;
/** Two rows to a beat, three writes of a line. */
const GROUPS = {
  ...{ PORT_WIDTH: 8, ITEM_WIDTH: 3, ITEMS: 2, ITEM_BEATS: 1, BEAT_LINES: 1 },
  ...{ GROUP_WIDTH: 2, LAST_GROUP: '10', PART_WIDTH: 1, LAST_PART: '0' },
  ...LINES,
} as const;
/** Three beats to a row, two rows. */
const BEATS = {
  ...{ PORT_WIDTH: 2, ITEM_WIDTH: 5, ITEMS: 1, ITEM_BEATS: 3, BEAT_LINES: 1 },
  ...{ GROUP_WIDTH: 1, LAST_GROUP: '1', PART_WIDTH: 2, LAST_PART: '10' },
  ...LINES,
} as const;
/** Two lines to a beat, of three rows each. */
const PARTS = {
  ...{ PORT_WIDTH: 8, ITEM_WIDTH: 1, ITEMS: 3, ITEM_BEATS: 1, BEAT_LINES: 2 },
  ...{ GROUP_WIDTH: 1, LAST_GROUP: '0', PART_WIDTH: 1, LAST_PART: '1' },
  ...LINES,
} as const;

describe('a unit equals its specification', () => {
  test.each([
    ['hg_trits', {}],
    ['hg_weight_bank_stream', { WIDTH: 2, OPERANDS: 5, PLACE_WIDTH: 3, DEPTH: 16, LINE_WIDTH: 4 }],
    ['hg_weight_bank_stream', { WIDTH: 8, OPERANDS: 1, PLACE_WIDTH: 1, DEPTH: 16, LINE_WIDTH: 4 }],
    ['hg_weight_stream', GROUPS],
    ['hg_weight_stream', { ...GROUPS, RELEASE_DELAY: 0 }],
    ['hg_weight_stream', { ...GROUPS, RELEASE_DELAY: 1 }],
    ['hg_weight_stream', BEATS],
    ['hg_weight_stream', PARTS],
  ] as const)('%s %o', async (unit, given) => {
    expect(await proofOf(unit, given)).toMatchObject({ status: 'proved' });
  });
});

describe('a planted fault is caught', () => {
  test.each([
    ['a digit that is not taken away', 'hg_trits', {}, "two_3 ? 7'd54", "two_3 ? 7'd27"],
    ['a comparison off by one', 'hg_trits', {}, "rest_2 >= 4'd6", "rest_2 > 4'd6"],
    [
      'weights where none is taken',
      'hg_weight_bank_stream',
      { WIDTH: 2, OPERANDS: 2, PLACE_WIDTH: 1, DEPTH: 16, LINE_WIDTH: 4 },
      'taken ? line[place',
      "1'b1 ? line[place",
    ],
    [
      'a half written too early',
      'hg_weight_stream',
      GROUPS,
      'released_q[RELEASE_DELAY-1]',
      'released_q[RELEASE_DELAY-2]',
    ],
    [
      'beats that are no image',
      'hg_weight_stream',
      GROUPS,
      'in_image_q || s_axis_weights_tuser',
      "1'b1",
    ],
    [
      'an image that never ends',
      'hg_weight_stream',
      GROUPS,
      'taken && is_wanted && s_axis_weights_tlast',
      "1'b0",
    ],
    ['a group that is skipped', 'hg_weight_stream', GROUPS, "group_q + 1'b1", "group_q + 2'd2"],
    [
      'a beat of several lines taken at once',
      'hg_weight_stream',
      PARTS,
      '(BEAT_LINES == 1 || at_last_part)',
      "1'b1",
    ],
    [
      'the highest bits of an item first',
      'hg_weight_stream',
      BEATS,
      '{s_axis_weights_tdata, beats_q[ITEM_BEATS*PORT_WIDTH-1:PORT_WIDTH]}',
      '{beats_q[(ITEM_BEATS-1)*PORT_WIDTH-1:0], s_axis_weights_tdata}',
    ],
    [
      'what a step leaves is kept',
      'hg_weight_stream',
      GROUPS,
      '(step_end_i || drops_q) && has_block',
      "1'b0",
    ],
    [
      'the last block goes too early',
      'hg_weight_stream',
      GROUPS,
      ' && !final_q[read_half_q];',
      ';',
    ],
  ] as const)('%s', async (_, unit, given, from, to) => {
    const proof = await proofOf(unit, given, { from, to });
    expect(proof.status).toBe('failed');
  });
});
