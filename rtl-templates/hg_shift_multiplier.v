// A three-level gate times a value: zero, an arithmetic shift (the half rounds down) or the value.
// level_i is 00 zero, 01 one half, 10 one. Combinational.
`default_nettype none

module hg_shift_multiplier #(
    parameter WIDTH = 16
) (
    input  wire        [      1:0] level_i,
    input  wire signed [WIDTH-1:0] value_i,
    output wire signed [WIDTH-1:0] product_o
);

  wire signed [WIDTH-1:0] shifted = level_i[0] ? {value_i[WIDTH-1], value_i[WIDTH-1:1]} : value_i;

  assign product_o = shifted & {WIDTH{|level_i}};

endmodule

`default_nettype wire
