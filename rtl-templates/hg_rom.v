// Read-only memory with one synchronous read port: data_o follows addr_i by one cycle.
// Contents: hexadecimal words, one per line, of the file INIT_FILE ($readmemh); zero without a file.
`default_nettype none

module hg_rom #(
    parameter WIDTH      = 8,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8,
    parameter INIT_FILE  = ""
) (
    input  wire                  clk_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output reg  [     WIDTH-1:0] data_o
);

  reg [WIDTH-1:0] mem[0:DEPTH-1];

  generate
    if (INIT_FILE != "") begin : g_init
      initial $readmemh(INIT_FILE, mem);
    end else begin : g_zero
      integer n;
      initial for (n = 0; n < DEPTH; n = n + 1) mem[n] = {WIDTH{1'b0}};
    end
  endgenerate

  always @(posedge clk_i) data_o <= mem[addr_i];

endmodule

`default_nettype wire
