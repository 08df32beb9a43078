// hg_tanh_lookup cut out of a proof: what it is asked can be watched, what it answers is anything.
`default_nettype none

module hg_tanh_lookup #(
    parameter VALUE_WIDTH = 16,
    parameter SHIFT       = 5,
    parameter DEPTH       = 512,
    parameter ENTRY_WIDTH = 12,
    parameter DROP        = 0,
    parameter OUT_WIDTH   = 13,
    parameter FORM        = 0,
    parameter INIT_FILE   = ""
) (
    input  wire                          clk_i,
    input  wire signed [VALUE_WIDTH-1:0] value_i,
    input  wire                          half_i,
    output wire signed [  OUT_WIDTH-1:0] tanh_o
);

  wire unused = &{clk_i, value_i, half_i};

endmodule

`default_nettype wire
