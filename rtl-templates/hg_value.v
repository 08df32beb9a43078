// The result of a head of one value: its logit as it is. value_o is valid from the cycle after the logit until
// the next one.
`default_nettype none

module hg_value (
    input  wire               clk_i,
    input  wire               valid_i,
    input  wire signed [15:0] logit_i,
    output reg signed  [15:0] value_o
);

  always @(posedge clk_i) if (valid_i) value_o <= logit_i;

endmodule

`default_nettype wire
