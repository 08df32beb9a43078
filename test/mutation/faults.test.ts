import { describe, expect, test } from 'vitest';
import { applyFault, FAULT_KINDS, faultsOf, offByOne } from '../../src/mutation/faults.js';
import { tokenize } from '../../src/mutation/tokens.js';

const MODULE = `module m #(
    parameter WIDTH = 4
) (
    input wire clk_i,
    input wire rst_i,
    input wire [WIDTH-1:0] a_i,
    output reg [WIDTH-1:0] b_o
);
  wire is_small = a_i <= 4'd3 && !rst_i;  // <= a comment - with + operators
  reg [WIDTH-1:0] held_q;
  always @(posedge clk_i) begin
    if (rst_i) held_q <= {WIDTH{1'b0}};
    else if (is_small) held_q <= a_i + 4'd1;
    b_o <= is_small ? held_q : a_i;
  end
  unit #(.SIZE(4), .FIRST(4'd2)) u_unit (.clk_i(clk_i), .x_i(held_q[1]), .y_i(is_small), .z_o());
endmodule
`;

const changes = (kind: string): string[] =>
  faultsOf('m.v', MODULE)
    .filter((fault) => fault.kind === kind)
    .map(({ line, before, after }) => `${line}: ${before} -> ${after}`);

test('tokens have their places, without comments', () => {
  const text = "a <= 4'd3; // b\nc >>> 1";
  const tokens = tokenize(text);
  expect(tokens.map((token) => token.text)).toEqual(['a', '<=', "4'd3", ';', 'c', '>>>', '1']);
  for (const { text: own, start, end } of tokens) expect(text.slice(start, end)).toBe(own);
});

test('a literal is off by one within its width', () => {
  expect(offByOne("2'd3")).toEqual(["2'd0", "2'd2"]);
  expect(offByOne("1'b0")).toEqual(["1'b1"]);
  expect(offByOne("8'hff")).toEqual(["8'h0", "8'hfe"]);
  expect(offByOne('0')).toEqual(['1']);
});

describe('faults', () => {
  test('of every kind are found', () => {
    const kinds = new Set(faultsOf('m.v', MODULE).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(Object.keys(FAULT_KINDS).sort());
  });

  test('an assignment is no comparison, a comment no code', () => {
    const operators = changes('operator');
    expect(operators).toHaveLength(3);
    expect(operators.join()).toContain("a_i < 4'd3 &&");
    expect(operators.join()).toContain("a_i <= 4'd3 ||");
    expect(operators.join()).toContain("a_i - 4'd1");
  });

  test('a reset is ignored, a condition left out, an assignment dropped', () => {
    expect(changes('always false')[0]).toContain("if (1'b0) held_q");
    expect(changes('operand').join()).toContain("a_i <= 4'd3 && 1'b1");
    expect(changes('dropped').join()).toContain('else if (is_small) ;');
  });

  test('widths and sizes stay as they are', () => {
    for (const fault of faultsOf('m.v', MODULE)) {
      const changed = applyFault(MODULE, fault);
      expect(changed).not.toBe(MODULE);
      expect(changed).toContain('[WIDTH-1:0] b_o');
      expect(changed).toContain('.SIZE(4)');
    }
    expect(changes('constant').join()).toContain(".FIRST(4'd3)");
  });

  test('an input is a cycle late, or swapped with its neighbour', () => {
    expect(changes('late')).toContain('16: .x_i(held_q[1]) -> .x_i(held_q[1] of the cycle before)');
    expect(changes('swapped')[0]).toContain('.x_i(is_small), .y_i(held_q[1])');
  });
});
