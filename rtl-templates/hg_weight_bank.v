// The weights of one array row, in the order in which the schedule needs them. The address moves south
// with the activations, one row per cycle, so that every row reads the same word number one cycle after
// the row above it; weight_o follows addr_i by one cycle.
`default_nettype none

module hg_weight_bank #(
    parameter WIDTH      = 2,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8,
    parameter INIT_FILE  = ""
) (
    input  wire                  clk_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output reg  [ADDR_WIDTH-1:0] addr_o,
    output wire [     WIDTH-1:0] weight_o
);

  always @(posedge clk_i) addr_o <= addr_i;

  hg_rom #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH),
      .INIT_FILE (INIT_FILE)
  ) u_rom (
      .clk_i (clk_i),
      .addr_i(addr_i),
      .data_o(weight_o)
  );

endmodule

`default_nettype wire
