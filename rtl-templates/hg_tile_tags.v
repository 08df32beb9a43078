// Which sums leave a weight-stationary array: what the schedule says of a tile as it starts, kept until the tile's
// first sum reaches the foot of the first column, and a count of its sequences from then on.
//
// arrive_i comes ROWS cycles after start_i, valid_o for every sequence from one cycle behind it. Tiles start at least
// as many cycles apart as there are rows, and sequences.
`default_nettype none

module hg_tile_tags #(
    parameter                      TAG_WIDTH      = 8,
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      start_i,
    input  wire [     TAG_WIDTH-1:0] tag_i,
    input  wire                      arrive_i,
    output reg                       valid_o,
    output reg                       first_o,     // sequence of the tile
    output reg  [SEQUENCE_WIDTH-1:0] sequence_o,
    output reg  [     TAG_WIDTH-1:0] tag_o
);

  // The tile that started last; the one before it may not have arrived yet.
  reg [TAG_WIDTH-1:0] next_q;

  always @(posedge clk_i) begin
    if (start_i) next_q <= tag_i;
    if (arrive_i) tag_o <= next_q;

    first_o <= arrive_i && !rst_i;
    if (rst_i) valid_o <= 1'b0;
    else if (arrive_i) valid_o <= 1'b1;
    else if (sequence_o == LAST_SEQUENCE) valid_o <= 1'b0;

    if (arrive_i) sequence_o <= {SEQUENCE_WIDTH{1'b0}};
    else sequence_o <= sequence_o + 1'b1;
  end

endmodule

`default_nettype wire
