// Level of a sum: level_o is 00 below low_i, 01 below high_i, else 10. A three-level gate is half of
// that; a binary gate has low_i = high_i; a ternary candidate is one less. Sigmoid or tanh, bias, row scale
// and decision points are all folded into the two thresholds. Combinational.
`default_nettype none

module hg_threshold #(
    parameter ACC_WIDTH = 16
) (
    input  wire signed [ACC_WIDTH-1:0] acc_i,
    input  wire signed [ACC_WIDTH-1:0] low_i,
    input  wire signed [ACC_WIDTH-1:0] high_i,
    output wire        [          1:0] level_o
);

  // By `<`: on standard cells a tenth smaller than by `>=`, on LUTs the same.
  wire is_below_one = acc_i < high_i;
  wire is_below_half = acc_i < low_i;

  assign level_o = {!is_below_one, is_below_one && !is_below_half};

endmodule

`default_nettype wire
