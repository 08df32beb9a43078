/** The modules around the machine alone: tables in, sums out, whole sequences. */
import { describe, expect, test } from 'vitest';
import { compileRtl, type RtlSimulator } from '../../src/eda/rtl-sim.js';
import { leafFiles } from './leaves.js';

async function reset(rtl: RtlSimulator): Promise<RtlSimulator> {
  rtl.set('rst_i', 1);
  rtl.tick(2);
  rtl.set('rst_i', 0);
  return rtl;
}

/** Elements that a stream module gives for numbers, taken in all cycles that `isReady` says. */
function expand(
  rtl: RtlSimulator,
  numbers: readonly number[],
  isReady: (cycle: number) => boolean,
): { values: number[]; lasts: number[]; cycles: number[] } {
  const [values, lasts, cycles]: number[][] = [[], [], []];
  let next = 0;
  for (let cycle = 0; cycle < 200; cycle++) {
    rtl.set('s_axis_tvalid', next < numbers.length ? 1 : 0);
    rtl.set('s_axis_tdata', numbers[next] ?? 0);
    rtl.set('s_axis_tlast', next === numbers.length - 1 ? 1 : 0);
    rtl.set('m_axis_tready', isReady(cycle) ? 1 : 0);
    if (isReady(cycle) && rtl.getNumber('m_axis_tvalid') === 1) {
      values.push(rtl.getNumber('m_axis_tdata'));
      lasts.push(rtl.getNumber('m_axis_tlast'));
      cycles.push(cycle);
    }
    if (next < numbers.length && rtl.getNumber('s_axis_tready') === 1) next++;
    rtl.tick();
  }
  return { values, lasts, cycles };
}

describe('hgi_embedding', () => {
  /** Rows of 3 and of 2 elements: table 0 holds 10 r + k, table 1 100 + 10 r + k. */
  const hex = [0, 1, 2, 10, 11, 12, 20, 21, 22, 100, 101, 110, 111].map((n) => n.toString(16));
  const wrapper = `module wrapper (
    input clk_i, input rst_i, input s_axis_tvalid, output s_axis_tready, input [1:0] s_axis_tdata,
    input s_axis_tlast, output m_axis_tvalid, input m_axis_tready, output [7:0] m_axis_tdata,
    output m_axis_tlast);
    hgi_embedding #(.ID_WIDTH(2), .TABLES(2), .SIZE_WIDTH(2), .ADDR_WIDTH(4), .DEPTH(13),
      .STARTS({4'd9, 4'd0}), .SIZES({2'd2, 2'd3}), .LASTS({2'd1, 2'd2}), .INIT_FILE("rows.hex"))
      u (.clk_i(clk_i), .rst_i(rst_i), .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready),
      .s_axis_tdata(s_axis_tdata), .s_axis_tlast(s_axis_tlast), .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready), .m_axis_tdata(m_axis_tdata), .m_axis_tlast(m_axis_tlast));
    endmodule`;
  const rows = [20, 21, 22, 110, 111, 0, 1, 2, 100, 101];

  test('gives rows of the tables by turns, the first element 2 cycles after its number', async () => {
    const all = { ...leafFiles, 'rows.hex': hex.join('\n'), 'wrapper.v': wrapper };
    const rtl = await reset(await compileRtl(all, 'wrapper', { randomizeState: 9 }));
    const smooth = expand(rtl, [2, 1, 0, 0], () => true);
    expect(smooth.values).toEqual(rows);
    expect(smooth.lasts).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(smooth.cycles).toEqual([2, 3, 4, 7, 8, 11, 12, 13, 16, 17]);
    expect(expand(rtl, [2, 1, 0, 0], (cycle) => cycle % 3 === 1).values).toEqual(rows);
  });
});

test('hgi_one_hot: the hot element stands where the number says', async () => {
  const parameters = { ID_WIDTH: 2, LAST: 2, HOT: 127 };
  const rtl = await reset(await compileRtl(leafFiles, 'hgi_one_hot', { parameters }));
  const { values, cycles } = expand(rtl, [2, 0], () => true);
  expect(values).toEqual([0, 0, 127, 127, 0, 0]);
  expect(cycles).toEqual([1, 2, 3, 5, 6, 7]);
});

describe('hgi_argmax', () => {
  test.each([
    { title: 'the largest', sums: [-5, 7, 3], index: 1 },
    { title: 'the first of equal ones', sums: [-9, -2, -2, -3], index: 1 },
    { title: 'the only one', sums: [-2147483648], index: 0 },
    { title: 'also far apart', sums: [-2147483648, 2147483647, 0], index: 1 },
  ])('finds $title', async ({ sums, index }) => {
    const rtl = await compileRtl(leafFiles, 'hgi_argmax', { randomizeState: 4 });
    rtl.set('start_i', 1);
    rtl.tick();
    rtl.set('start_i', 0);
    rtl.set('valid_i', 1);
    for (const sum of sums) {
      rtl.set('sum_i', sum);
      rtl.tick();
    }
    expect(rtl.getNumber('index_o')).toBe(index);
  });
});

test('hgi_sequence_in: tlast or a full memory ends a sequence, tlast amid a step does not', async () => {
  const parameters = { INDEX_WIDTH: 1, LAST_INDEX: 1, STEP_WIDTH: 2, LAST_STEP: 2, ADDR_WIDTH: 3 };
  const rtl = await reset(await compileRtl(leafFiles, 'hgi_sequence_in', { parameters }));
  /** Beats, 1 where tlast, until the sequence is there; then its last step, and the addresses. */
  const load = (lasts: readonly number[]): [number, number[]] => {
    const addresses: number[] = [];
    rtl.set('s_axis_tvalid', 1);
    for (const last of lasts) {
      rtl.set('s_axis_tlast', last);
      expect(rtl.getNumber('load_o')).toBe(1);
      addresses.push(rtl.getNumber('load_address_o'));
      rtl.tick();
    }
    expect([rtl.getNumber('full_o'), rtl.getNumber('s_axis_tready')]).toEqual([1, 0]);
    rtl.set('release_i', 1);
    rtl.set('s_axis_tvalid', 0);
    const step = rtl.getNumber('last_o');
    rtl.tick();
    rtl.set('release_i', 0);
    expect(rtl.getNumber('full_o')).toBe(0);
    return [step, addresses];
  };
  expect(load([0, 0, 1, 1])).toEqual([1, [0, 1, 2, 3]]);
  expect(load([0, 1])).toEqual([0, [0, 1]]);
  expect(load([0, 0, 0, 0, 0, 0])).toEqual([2, [0, 1, 2, 3, 4, 5]]);
});
