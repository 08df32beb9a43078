// Walks through the finished sums of a weight-stationary array, a group of blocks at a time: for each sequence all
// its outputs in the group, one a cycle. Everything that a sum needs on its way through the lane is told here: where
// it is kept, its place in the row memory, its gate, and whether it is the first or the last of its job.
//
// A group that is closed by close_i drains from two cycles later on, or right behind the one before it; one more
// may wait, and none is closed while two do. done_o comes with a group's last sum.
`default_nettype none

module hg_drain_groups #(
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15,
    parameter                      COLUMN_WIDTH   = 4,
    parameter [  COLUMN_WIDTH-1:0] LAST_COLUMN    = 4'd15,
    parameter                      BLOCK_WIDTH    = 1,
    parameter                      ROW_ADDR_WIDTH = 8,     // address in the row memory
    parameter                      LAYER_WIDTH    = 1
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      close_i,
    input  wire                      half_i,          // which of the two groups in memory
    input  wire [   BLOCK_WIDTH-1:0] last_block_i,    // of the group
    input  wire [  COLUMN_WIDTH-1:0] last_column_i,   // of its last block
    input  wire                      first_group_i,   // of the job
    input  wire                      last_group_i,
    input  wire                      first_job_i,     // of the step
    input  wire                      head_i,
    input  wire                      fresh_i,
    input  wire [   LAYER_WIDTH-1:0] layer_i,
    output reg                       valid_o,
    output wire                      half_o,
    output reg  [   BLOCK_WIDTH-1:0] block_o,
    output reg  [SEQUENCE_WIDTH-1:0] sequence_o,
    output reg  [  COLUMN_WIDTH-1:0] column_o,
    output reg  [ROW_ADDR_WIDTH-1:0] row_addr_o,
    output wire                      head_o,
    output reg  [               1:0] gate_o,
    output wire                      first_o,         // of the job; of a head's sequence
    output wire                      last_o,
    output wire                      fresh_o,
    output wire [   LAYER_WIDTH-1:0] layer_o,
    output wire                      done_o
);

  localparam TAG_WIDTH = LAYER_WIDTH + 5 + BLOCK_WIDTH + COLUMN_WIDTH;

  reg                 waits_q;
  reg [TAG_WIDTH-1:0] next_q;
  reg                 next_restarts_q;  // the row memory
  reg [TAG_WIDTH-1:0] tag_q;

  wire [COLUMN_WIDTH-1:0] last_column = tag_q[COLUMN_WIDTH-1:0];
  wire [ BLOCK_WIDTH-1:0] last_block = tag_q[COLUMN_WIDTH+:BLOCK_WIDTH];
  wire                    first_group;
  wire                    last_group;

  assign {layer_o, half_o, first_group, last_group, head_o, fresh_o} =
      tag_q[TAG_WIDTH-1:COLUMN_WIDTH+BLOCK_WIDTH];

  // The row of the group's first output, for the next sequence.
  reg [ROW_ADDR_WIDTH-1:0] row_base_q;
  reg                      begins_sequence_q;

  wire at_last_output = block_o == last_block && column_o == last_column;
  wire at_last_sequence = sequence_o == LAST_SEQUENCE;
  wire begins = waits_q && (!valid_o || done_o);
  wire [ROW_ADDR_WIDTH-1:0] next_row = row_addr_o + {{(ROW_ADDR_WIDTH - 1) {1'b0}}, valid_o};
  wire [ROW_ADDR_WIDTH-1:0] first_row = next_restarts_q ? {ROW_ADDR_WIDTH{1'b0}} : next_row;

  assign done_o  = valid_o && at_last_output && at_last_sequence;
  assign first_o = begins_sequence_q && (head_o || (first_group && sequence_o == {SEQUENCE_WIDTH{1'b0}}));
  assign last_o  = at_last_output && (head_o || (last_group && at_last_sequence));

  always @(posedge clk_i) begin
    if (rst_i) waits_q <= 1'b0;
    else if (close_i) waits_q <= 1'b1;
    else if (begins) waits_q <= 1'b0;

    if (close_i) begin
      next_restarts_q <= first_group_i && first_job_i;
      next_q <= {
        layer_i,
        half_i,
        first_group_i,
        last_group_i,
        head_i,
        fresh_i,
        last_block_i,
        last_column_i
      };
    end

    if (rst_i) valid_o <= 1'b0;
    else if (begins) valid_o <= 1'b1;
    else if (done_o) valid_o <= 1'b0;

    if (begins) begin
      tag_q             <= next_q;
      sequence_o        <= {SEQUENCE_WIDTH{1'b0}};
      block_o           <= {BLOCK_WIDTH{1'b0}};
      column_o          <= {COLUMN_WIDTH{1'b0}};
      gate_o            <= 2'd0;
      row_addr_o        <= first_row;
      row_base_q        <= first_row;
      begins_sequence_q <= 1'b1;
    end else if (valid_o) begin
      begins_sequence_q <= at_last_output;
      if (at_last_output) begin
        sequence_o <= sequence_o + 1'b1;
        block_o    <= {BLOCK_WIDTH{1'b0}};
        column_o   <= {COLUMN_WIDTH{1'b0}};
        gate_o     <= 2'd0;
        row_addr_o <= at_last_sequence ? next_row : row_base_q;
      end else begin
        if (column_o == LAST_COLUMN) block_o <= block_o + 1'b1;
        column_o   <= column_o == LAST_COLUMN ? {COLUMN_WIDTH{1'b0}} : column_o + 1'b1;
        gate_o     <= gate_o + 2'd1;
        row_addr_o <= next_row;
      end
    end
  end

endmodule

`default_nettype wire
