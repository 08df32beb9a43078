import { describe, expect, test } from 'vitest';
import { compileRtl } from '../../src/eda/rtl-sim.js';
import { Random } from '../../src/model/random.js';
import { leafFiles, signed } from './leaves.js';

describe('hgi_array', () => {
  test('sums up, drains row by row while the next sums form, and starts over', async () => {
    const [rows, operands, folds] = [3, 5, 4];
    const random = new Random(13);
    const bits = 8;
    const weights = Array.from(
      { length: folds * operands * rows },
      () => random.integer(256) - 128,
    );
    const words = Array.from({ length: folds * operands }, (_, n) =>
      weights
        .slice(n * rows, (n + 1) * rows)
        .reduce((word, w, row) => word | (BigInt.asUintN(8, BigInt(w)) << BigInt(8 * row)), 0n),
    );
    const wrapper = `module wrapper (
      input clk_i, input rst_i, input restart_i, input read_i, input end_i, input shift_i,
      input [${bits - 1}:0] data_i, output loaded_o, output [19:0] drain_o);
      hgi_array #(.ROWS(${rows}), .DATA_WIDTH(${bits}), .ACC_WIDTH(20), .DEPTH(${words.length}),
        .ADDR_WIDTH(5), .WEIGHTS_FILE("w.hex")) u (.clk_i(clk_i), .rst_i(rst_i),
        .restart_i(restart_i), .mark_i(1'b0), .back_i(1'b0), .read_i(read_i), .end_i(end_i), .shift_i(shift_i),
        .data_i(data_i), .loaded_o(loaded_o), .drain_o(drain_o));
      endmodule`;
    const hex = words.map((word) => word.toString(16)).join('\n');
    const rtl = await compileRtl({ ...leafFiles, 'w.hex': hex, 'wrapper.v': wrapper }, 'wrapper', {
      randomizeState: 7,
    });
    rtl.set('rst_i', 1);
    rtl.tick(2);
    rtl.set('rst_i', 0);
    for (let pass = 0; pass < 2; pass++) {
      rtl.set('restart_i', 1);
      rtl.tick();
      rtl.set('restart_i', 0);
      const expected: number[] = [];
      const got: number[] = [];
      // What data_i shows, two cycles after its read.
      const data: number[] = [];
      let left = 0;
      for (let cycle = 0; cycle < folds * (operands + 1) + 8; cycle++) {
        const fold = Math.floor(cycle / (operands + 1));
        const k = cycle % (operands + 1);
        const isReading = fold < folds && k < operands;
        rtl.set('read_i', isReading ? 1 : 0);
        rtl.set('end_i', fold < folds && k === operands ? 1 : 0);
        data.push(random.integer(256) - 128);
        if (isReading) {
          for (let row = 0; row < rows; row++) {
            if (k === 0) expected.push(0);
            expected[fold * rows + row] +=
              data[cycle] * weights[(fold * operands + k) * rows + row];
          }
        }
        rtl.set('data_i', data[cycle - 2] ?? 0);
        rtl.set('shift_i', left > 0 ? 1 : 0);
        if (left > 0) got.push(signed(rtl.get('drain_o'), 20));
        left = rtl.getNumber('loaded_o') === 1 ? rows : Math.max(0, left - 1);
        rtl.tick();
      }
      expect(got).toEqual(expected);
    }
  });
});
