// Three-level gate from the raw accumulator: level_o is 00 below low_i, 01 (one half) below high_i,
// else 10 (one). Sigmoid, bias, row scale and the decision points +-ln 3 are all folded into the two
// thresholds. Combinational.
`default_nettype none

module hg_threshold #(
    parameter ACC_WIDTH = 16
) (
    input  wire signed [ACC_WIDTH-1:0] acc_i,
    input  wire signed [ACC_WIDTH-1:0] low_i,
    input  wire signed [ACC_WIDTH-1:0] high_i,
    output wire        [          1:0] level_o
);

  wire is_one = acc_i >= high_i;
  wire is_half = acc_i >= low_i;

  assign level_o = {is_one, is_half & ~is_one};

endmodule

`default_nettype wire
