// hg_weight_bank, loadable: the weights of one array row, in the order in which the schedule needs them. The
// address moves south with the activations, one row per cycle; weight_o follows addr_i by one cycle. Nothing
// is loaded while the array works.
`default_nettype none

module hg_weight_bank_ram #(
    parameter WIDTH      = 2,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8
) (
    input  wire                  clk_i,
    input  wire                  load_i,
    input  wire [ADDR_WIDTH-1:0] load_addr_i,
    input  wire [     WIDTH-1:0] load_data_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output reg  [ADDR_WIDTH-1:0] addr_o,
    output wire [     WIDTH-1:0] weight_o
);

  always @(posedge clk_i) addr_o <= addr_i;

  hg_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_ram (
      .clk_i       (clk_i),
      .write_i     (load_i),
      .write_addr_i(load_addr_i),
      .write_data_i(load_data_i),
      .read_addr_i (addr_i),
      .read_data_o (weight_o)
  );

endmodule

`default_nettype wire
