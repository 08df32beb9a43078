// Runs operations, each to its end before the next begins (which one comes next, hgi_flow_*.v decide):
//
// - matrix: for every fold of ROWS sums it reads all operands, one a cycle, and ends the sums; the array
//   then gives them one by one, while the next fold reads;
// - scalar, output: waits for done_i;
// - any other: one element after the other.
//
// An activated element occupies the activation for INTERVAL cycles.
`default_nettype none

module hgi_sequencer #(
    parameter                  COUNT_WIDTH   = 5,
    parameter                  OPERAND_WIDTH = 5,
    parameter                  ROW_WIDTH     = 2,
    parameter [ ROW_WIDTH-1:0] LAST_ROW      = 2'd3,
    parameter                  WAIT_WIDTH    = 1,
    parameter [WAIT_WIDTH-1:0] ACTIVATION    = 1'd0   // INTERVAL - 1
) (
    input  wire                     clk_i,
    input  wire                     rst_i,
    // operation, one cycle after its number
    input  wire                     op_matrix_i,
    input  wire                     op_scalar_i,
    input  wire                     op_output_i,
    input  wire                     op_activate_i,
    input  wire [  COUNT_WIDTH-1:0] op_last_i,        // elements - 1
    input  wire [OPERAND_WIDTH-1:0] op_operands_i,    // operands - 1
    // flow
    input  wire                     waiting_i,        // the operation may not begin yet
    input  wire                     skip_i,           // it is left out
    output wire                     start_o,          // it begins
    output wire                     finish_o,         // it has ended
    output wire                     advance_o,        // it has ended, or is left out
    // array and vector unit
    output wire                     read_o,
    output reg  [OPERAND_WIDTH-1:0] read_index_o,
    output wire                     end_o,
    input  wire                     loaded_i,
    output wire                     issue_o,
    input  wire                     busy_i,
    input  wire                     done_i
);

  localparam [1:0] FETCH = 2'd0;
  localparam [1:0] START = 2'd1;
  localparam [1:0] RUN = 2'd2;
  localparam [1:0] FINISH = 2'd3;

  reg [1:0] state_q;

  wire is_starting = state_q == START && !waiting_i;
  wire is_last_issue;

  assign start_o   = is_starting && !skip_i;
  assign finish_o  = state_q == FINISH && !busy_i;
  assign advance_o = finish_o || (is_starting && skip_i);

  always @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= FETCH;
    end else begin
      case (state_q)
        FETCH: state_q <= START;
        START: if (is_starting) state_q <= skip_i ? FETCH : RUN;
        RUN: if (is_last_issue || done_i) state_q <= FINISH;
        default: if (!busy_i) state_q <= FETCH;
      endcase
    end
  end

  // Elements
  reg                   issuing_q;   // elements that need no array
  reg                   draining_q;  // the array has sums left
  reg                   pending_q;   // a fold's sums have ended and not all are issued
  reg [  ROW_WIDTH-1:0] row_q;
  reg [COUNT_WIDTH-1:0] left_q;
  reg [ WAIT_WIDTH-1:0] wait_q;

  assign issue_o       = (issuing_q || draining_q) && wait_q == {WAIT_WIDTH{1'b0}};
  assign is_last_issue = issue_o && left_q == {COUNT_WIDTH{1'b0}};

  // Folds
  reg                   reading_q;
  reg                   ending_q;
  reg [COUNT_WIDTH-1:0] rest_q;      // elements of this fold and later ones - 1

  localparam WIDE = COUNT_WIDTH + ROW_WIDTH;
  wire [WIDE-1:0] rest = {{ROW_WIDTH{1'b0}}, rest_q};
  wire [WIDE-1:0] fold = {{COUNT_WIDTH{1'b0}}, LAST_ROW};
  wire [WIDE-1:0] rest_after = rest - fold - 1'b1;
  wire is_last_operand = read_index_o == op_operands_i;

  assign read_o = reading_q;
  assign end_o  = ending_q && !pending_q;

  always @(posedge clk_i) begin
    if (rst_i) begin
      issuing_q  <= 1'b0;
      draining_q <= 1'b0;
      pending_q  <= 1'b0;
      reading_q  <= 1'b0;
      ending_q   <= 1'b0;
    end else if (start_o) begin
      issuing_q <= !op_matrix_i && !op_scalar_i && !op_output_i;
      reading_q <= op_matrix_i;
    end else begin
      if (is_last_issue) issuing_q <= 1'b0;
      if (loaded_i) draining_q <= 1'b1;
      else if (issue_o && (row_q == LAST_ROW || is_last_issue)) draining_q <= 1'b0;
      if (end_o) pending_q <= 1'b1;
      else if (issue_o && (row_q == LAST_ROW || is_last_issue)) pending_q <= 1'b0;
      if (reading_q && is_last_operand) begin
        reading_q <= 1'b0;
        ending_q  <= 1'b1;
      end
      if (end_o) begin
        ending_q  <= 1'b0;
        reading_q <= rest > fold;
      end
    end
    if (start_o) begin
      left_q       <= op_last_i;
      rest_q       <= op_last_i;
      read_index_o <= {OPERAND_WIDTH{1'b0}};
      wait_q       <= {WAIT_WIDTH{1'b0}};
    end else begin
      if (issue_o) left_q <= left_q - 1'b1;
      if (issue_o && op_activate_i) wait_q <= ACTIVATION;
      else if (wait_q != {WAIT_WIDTH{1'b0}}) wait_q <= wait_q - 1'b1;
      if (reading_q) read_index_o <= is_last_operand ? {OPERAND_WIDTH{1'b0}} : read_index_o + 1'b1;
      if (end_o) rest_q <= rest_after[COUNT_WIDTH-1:0];
    end
    if (loaded_i) row_q <= {ROW_WIDTH{1'b0}};
    else if (issue_o) row_q <= row_q + 1'b1;
  end

  wire unused = &{rest_after[WIDE-1:COUNT_WIDTH]};

endmodule

`default_nettype wire
