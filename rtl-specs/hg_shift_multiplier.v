// What hg_shift_multiplier must be: floor(level * value / 2), level being 0, 1 or 2 halves; with two levels
// 0 or 2 (docs/arithmetic.md, "The cell": halves round down). Combinational.
`default_nettype none

module hg_shift_multiplier_spec #(
    parameter LEVELS = 3,
    parameter WIDTH  = 16
) (
    input wire        [      1:0] level_i,
    input wire signed [WIDTH-1:0] value_i
);

  wire signed [WIDTH-1:0] product_o;

  hg_shift_multiplier #(
      .LEVELS(LEVELS),
      .WIDTH (WIDTH)
  ) dut (
      .level_i  (level_i),
      .value_i  (value_i),
      .product_o(product_o)
  );

  wire signed [WIDTH+1:0] once = value_i;
  wire signed [WIDTH+1:0] twice = once + once;
  reg signed  [WIDTH+1:0] expected;

  always @(*) begin
    case (level_i)
      2'd1: expected = once >>> 1;
      2'd2: expected = twice >>> 1;
      default: expected = 0;
    endcase
    assume (level_i != 2'd3);
    assume (LEVELS == 3 || level_i != 2'd1);
    assert (product_o == expected);
  end

endmodule

`default_nettype wire
