// hg_multiply_add cut out of a proof: what it is given can be watched, its sum is anything.
`default_nettype none

module hg_multiply_add #(
    parameter MULTIPLICAND_WIDTH = 8,
    parameter MULTIPLIER_WIDTH   = 8,
    parameter SUM_WIDTH          = 24
) (
    input  wire signed [         SUM_WIDTH-1:0] addend_i,
    input  wire signed [MULTIPLICAND_WIDTH-1:0] multiplicand_i,
    input  wire signed [  MULTIPLIER_WIDTH-1:0] multiplier_i,
    output wire signed [         SUM_WIDTH-1:0] sum_o
);

  wire unused = &{addend_i, multiplicand_i, multiplier_i};

endmodule

`default_nettype wire
