// Walks down the rows of the array when a fold is complete: row r drains r + 2 cycles after flush_i.
// Everything that a row's accumulator needs on its way through the lane is told here: its place in the
// row memory, its gate, and whether it is the first or the last of its job.
`default_nettype none

module hg_drain #(
    parameter ROW_SELECT_WIDTH = 4,  // selects one of the array's rows
    parameter ROW_ADDR_WIDTH   = 8,  // address in the row memory
    parameter LAYER_WIDTH      = 1,
    // Where a job runs over all steps before the next: layers and, last, the head, and each one's first
    // word in the row memory. Else words follow each other from job to job.
    parameter JOBS             = 1,
    parameter [JOBS*ROW_ADDR_WIDTH-1:0] ROW_BASES = 0
) (
    input  wire                        clk_i,
    input  wire                        rst_i,
    input  wire                        flush_i,
    input  wire [ROW_SELECT_WIDTH-1:0] flush_last_row_i,    // last used row of this fold
    input  wire                        flush_first_fold_i,  // of the job
    input  wire                        flush_last_fold_i,
    input  wire                        flush_first_job_i,   // of the step
    input  wire                        flush_head_i,
    input  wire                        flush_fresh_i,
    input  wire                        flush_bank_i,
    input  wire [     LAYER_WIDTH-1:0] flush_layer_i,
    output reg                         valid_o,
    output reg  [ROW_SELECT_WIDTH-1:0] select_o,
    output reg  [  ROW_ADDR_WIDTH-1:0] row_addr_o,
    output wire                        head_o,
    output reg  [                 1:0] gate_o,
    output reg                         first_o,
    output wire                        last_o,
    output wire                        fresh_o,
    output wire                        bank_o,
    output wire [     LAYER_WIDTH-1:0] layer_o
);

  localparam TAG_WIDTH = ROW_SELECT_WIDTH + 4 + LAYER_WIDTH;

  // A fold may end while the last row of the one before it still drains: its description waits a cycle.
  reg                 start_q;
  reg                 first_fold_q;
  reg                 first_job_q;
  reg [TAG_WIDTH-1:0] next_q;
  reg [TAG_WIDTH-1:0] tag_q;

  wire [ROW_SELECT_WIDTH-1:0] last_row = tag_q[TAG_WIDTH-1-:ROW_SELECT_WIDTH];
  wire                        last_fold = tag_q[0];
  wire                        at_last_row = select_o == last_row;

  wire [ROW_ADDR_WIDTH-1:0] row_base;

  generate
    if (JOBS > 1) begin : g_bases
      localparam [31:0] HEAD = JOBS - 1;
      wire [31-LAYER_WIDTH:0] zeros = 0;
      wire [31:0] job = next_q[1] ? HEAD : {zeros, next_q[4+:LAYER_WIDTH]};
      assign row_base = ROW_BASES[job*ROW_ADDR_WIDTH+:ROW_ADDR_WIDTH];
    end else begin : g_zero
      assign row_base = {ROW_ADDR_WIDTH{1'b0}};
      wire unused = &ROW_BASES;
    end
  endgenerate

  assign head_o  = tag_q[1];
  assign fresh_o = tag_q[2];
  assign bank_o  = tag_q[3];
  assign layer_o = tag_q[4+:LAYER_WIDTH];
  assign last_o  = last_fold && at_last_row;

  always @(posedge clk_i) begin
    start_q      <= flush_i && !rst_i;
    first_fold_q <= flush_first_fold_i;
    first_job_q  <= flush_first_job_i;
    next_q <= {
      flush_last_row_i, flush_layer_i, flush_bank_i, flush_fresh_i, flush_head_i, flush_last_fold_i
    };
    if (start_q) begin
      tag_q    <= next_q;
      select_o <= {ROW_SELECT_WIDTH{1'b0}};
    end else begin
      select_o <= select_o + 1'b1;
    end

    if (rst_i) valid_o <= 1'b0;
    else if (start_q) valid_o <= 1'b1;
    else if (at_last_row) valid_o <= 1'b0;

    if (start_q && first_fold_q) begin
      gate_o  <= 2'd0;
      first_o <= 1'b1;
    end else if (valid_o) begin
      gate_o  <= gate_o + 2'd1;
      first_o <= 1'b0;
    end

    if (start_q && first_fold_q && first_job_q) row_addr_o <= row_base;
    else if (valid_o) row_addr_o <= row_addr_o + 1'b1;
  end

endmodule

`default_nettype wire
