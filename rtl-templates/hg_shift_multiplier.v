// A gate of few levels times a value: zero, an arithmetic shift (the half rounds down) or the value.
// level_i is 00 zero, 01 one half, 10 one; with two levels only 00 and 10. Combinational.
`default_nettype none

module hg_shift_multiplier #(
    parameter LEVELS = 3,
    parameter WIDTH  = 16
) (
    input  wire        [      1:0] level_i,
    input  wire signed [WIDTH-1:0] value_i,
    output wire signed [WIDTH-1:0] product_o
);

  wire is_half = LEVELS == 3 && level_i[0];
  wire signed [WIDTH-1:0] half = {value_i[WIDTH-1], value_i[WIDTH-1:1]};

  // At most one of the two: a four-input LUT a bit, or an AND-OR gate.
  assign product_o = value_i & {WIDTH{level_i[1]}} | half & {WIDTH{is_half}};

endmodule

`default_nettype wire
