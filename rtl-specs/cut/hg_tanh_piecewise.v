// hg_tanh_piecewise cut out of a proof: what it answers is anything.
`default_nettype none

module hg_tanh_piecewise #(
    parameter ADDR_WIDTH = 9
) (
    input  wire                  clk_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output wire [          11:0] data_o
);

  wire unused = &{clk_i, addr_i};

endmodule

`default_nettype wire
