// The foot of one column of a weight-stationary array: sums of tiles leave the array sequence by sequence and are
// added up, block by block, in a memory with a word for each sequence; the last tile of a block puts the finished
// sum where the drain finds it, in a memory with a word for each sequence and block of two groups.
//
// psum_i is there one cycle after valid_i .. place_i, which move east one column per cycle. A sequence comes again
// two cycles later at the earliest. sum_o follows drain_place_i, drain_sequence_i by one cycle.
`default_nettype none

module hg_tile_sums #(
    parameter PSUM_WIDTH     = 12,  // signed, of a tile
    parameter SUM_WIDTH      = 16,  // signed, of a block
    parameter SEQUENCE_WIDTH = 4,
    parameter PLACE_WIDTH    = 1    // {which of two groups, block}
) (
    input  wire                             clk_i,
    input  wire                             valid_i,
    input  wire        [SEQUENCE_WIDTH-1:0] sequence_i,
    input  wire                             first_i,     // tile of its block
    input  wire                             last_i,
    input  wire        [   PLACE_WIDTH-1:0] place_i,     // of the block
    output reg                              valid_o,
    output reg         [SEQUENCE_WIDTH-1:0] sequence_o,
    output reg                              first_o,
    output reg                              last_o,
    output reg         [   PLACE_WIDTH-1:0] place_o,
    input  wire signed [    PSUM_WIDTH-1:0] psum_i,
    input  wire        [   PLACE_WIDTH-1:0] drain_place_i,
    input  wire        [SEQUENCE_WIDTH-1:0] drain_sequence_i,
    output wire signed [     SUM_WIDTH-1:0] sum_o
);

  wire signed [SUM_WIDTH-1:0] so_far;
  wire signed [SUM_WIDTH-1:0] psum;
  wire signed [SUM_WIDTH-1:0] total = (first_o ? {SUM_WIDTH{1'b0}} : so_far) + psum;

  generate
    if (SUM_WIDTH > PSUM_WIDTH) begin : g_extend
      assign psum = {{(SUM_WIDTH - PSUM_WIDTH) {psum_i[PSUM_WIDTH-1]}}, psum_i};
    end else begin : g_same
      assign psum = psum_i;
    end
  endgenerate

  always @(posedge clk_i) begin
    valid_o    <= valid_i;
    sequence_o <= sequence_i;
    first_o    <= first_i;
    last_o     <= last_i;
    place_o    <= place_i;
  end

  hg_ram #(
      .WIDTH     (SUM_WIDTH),
      .DEPTH     (1 << SEQUENCE_WIDTH),
      .ADDR_WIDTH(SEQUENCE_WIDTH)
  ) u_partial (
      .clk_i       (clk_i),
      .write_i     (valid_o && !last_o),
      .write_addr_i(sequence_o),
      .write_data_i(total),
      .read_addr_i (sequence_i),
      .read_data_o (so_far)
  );

  hg_ram #(
      .WIDTH     (SUM_WIDTH),
      .DEPTH     (1 << (PLACE_WIDTH + SEQUENCE_WIDTH)),
      .ADDR_WIDTH(PLACE_WIDTH + SEQUENCE_WIDTH)
  ) u_finished (
      .clk_i       (clk_i),
      .write_i     (valid_o && last_o),
      .write_addr_i({place_o, sequence_o}),
      .write_data_i(total),
      .read_addr_i ({drain_place_i, drain_sequence_i}),
      .read_data_o (sum_o)
  );

endmodule

`default_nettype wire
