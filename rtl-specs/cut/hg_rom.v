// hg_rom cut out of a proof: its address can be watched, what it reads is anything. So what is proved holds for
// every table.
`default_nettype none

module hg_rom #(
    parameter WIDTH      = 8,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8,
    parameter INIT_FILE  = ""
) (
    input  wire                  clk_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output wire [     WIDTH-1:0] data_o
);

  wire unused = &{clk_i, addr_i};

endmodule

`default_nettype wire
