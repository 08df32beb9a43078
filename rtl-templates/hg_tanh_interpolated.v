// tanh by straight lines between stored values: of every 16th index the value is stored, and what is added up to the
// next one; in between the line is rounded half up. data_o follows addr_i by two cycles: the memory, then the line.
//
// INIT_FILE: a word {rise to the next, value} for each 16 indices, as hg_rom reads it.
`default_nettype none

module hg_tanh_interpolated #(
    parameter WIDTH      = 12,   // bits of a value, unsigned
    parameter DEPTH      = 512,  // indices
    parameter ADDR_WIDTH = 9,
    parameter INIT_FILE  = ""
) (
    input  wire                  clk_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output reg  [     WIDTH-1:0] data_o
);

  wire [WIDTH-1:0] value;
  wire [WIDTH-1:0] rise;

  hg_rom #(
      .WIDTH     (2 * WIDTH),
      .DEPTH     (((DEPTH - 1) >> 4) + 1),
      .ADDR_WIDTH(ADDR_WIDTH - 4),
      .INIT_FILE (INIT_FILE)
  ) u_knots (
      .clk_i (clk_i),
      .addr_i(addr_i[ADDR_WIDTH-1:4]),
      .data_o({rise, value})
  );

  // Sixteenths of the way to the next stored value. Additions, not `*`: a product this small is not worth a DSP block.
  reg [3:0] place_q;
  always @(posedge clk_i) place_q <= addr_i[3:0];

  wire [WIDTH+3:0] eighths = {2'b00, place_q[3] ? rise : {WIDTH{1'b0}}, 2'b00} +
      {3'b000, place_q[2] ? rise : {WIDTH{1'b0}}, 1'b0};
  wire [WIDTH+3:0] rest = {3'b000, place_q[1] ? rise : {WIDTH{1'b0}}, 1'b0} +
      {4'b0000, place_q[0] ? rise : {WIDTH{1'b0}}};
  wire [WIDTH+3:0] line = {value, 4'd8} + {eighths[WIDTH+2:0], 1'b0} + rest;

  always @(posedge clk_i) data_o <= line[WIDTH+3:4];

  wire unused = &{eighths[WIDTH+3], line[3:0]};

endmodule

`default_nettype wire
