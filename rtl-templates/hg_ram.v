// Memory with one write port and one synchronous read port: read_data_o follows read_addr_i by one
// cycle. Nothing here reads an address in the cycle in which it is written, so that case is left open.
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
    output reg  [     WIDTH-1:0] read_data_o
);

  (* no_rw_check *)
  reg [WIDTH-1:0] mem[0:DEPTH-1];

  always @(posedge clk_i) begin
    if (write_i) mem[write_addr_i] <= write_data_i;
    read_data_o <= mem[read_addr_i];
  end

endmodule

`default_nettype wire
