// What hg_cell_level computes for c, without its registers, memory and addresses: c' = saturate(f c + i g), with
// gates in {0, 1/2, 1}. For bench/units.mjs, which measures it beside other forms of the same.
`default_nettype none

module cell_arithmetic #(
    parameter WIDTH = 16
) (
    input  wire        [      1:0] forget_i,  // levels
    input  wire        [      1:0] input_i,
    input  wire signed [WIDTH-1:0] c_i,
    input  wire signed [WIDTH-1:0] candidate_i,
    output wire signed [WIDTH-1:0] c_o
);

  wire signed [WIDTH-1:0] kept;
  wire signed [WIDTH-1:0] added;

  hg_shift_multiplier #(
      .WIDTH(WIDTH)
  ) u_forget (
      .level_i  (forget_i),
      .value_i  (c_i),
      .product_o(kept)
  );

  hg_shift_multiplier #(
      .WIDTH(WIDTH)
  ) u_input (
      .level_i  (input_i),
      .value_i  (candidate_i),
      .product_o(added)
  );

  wire signed [WIDTH:0] sum = {kept[WIDTH-1], kept} + {added[WIDTH-1], added};
  wire overflows = sum[WIDTH] != sum[WIDTH-1];

  assign c_o = overflows ? {sum[WIDTH], {(WIDTH - 1) {~sum[WIDTH]}}} : sum[WIDTH-1:0];

endmodule

`default_nettype wire
