// hg_ram cut out of a proof: its ports can be watched, what it reads is anything. What a memory reads back is
// proved for itself (rtl-specs/hg_ram.v).
`default_nettype none

module hg_ram #(
    parameter WIDTH      = 8,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8
) (
    input  wire                  clk_i,
    input  wire                  write_i,
    input  wire [ADDR_WIDTH-1:0] write_addr_i,
    input  wire [     WIDTH-1:0] write_data_i,
    input  wire [ADDR_WIDTH-1:0] read_addr_i,
    output wire [     WIDTH-1:0] read_data_o
);

  wire unused = &{clk_i, write_i, write_addr_i, write_data_i, read_addr_i};

endmodule

`default_nettype wire
