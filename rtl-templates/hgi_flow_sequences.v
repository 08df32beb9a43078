// Which operation comes next where layers run over whole sequences: the program is a list of phases, and
// each phase runs once for every step it walks over, forward from the first, backward from where the phase
// before ended, or at that step alone (once).
//
// Bases are the places of the step at hand in the memories of whole sequences. A phase's fields hold for
// all of its operations; a forward phase begins at its start addresses.
`default_nettype none

module hgi_flow_sequences #(
    parameter                PC_WIDTH   = 4,
    parameter [PC_WIDTH-1:0] LAST_PC    = 4'd12,
    parameter                STEP_WIDTH = 5,
    parameter                BASE_WIDTH = 8
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    output reg  [  PC_WIDTH-1:0] pc_o,
    // operation, one cycle after pc_o
    input  wire                  op_input_i,          // waits for x
    input  wire                  op_release_i,        // and is the last to need it
    input  wire                  op_end_i,            // of its phase
    input  wire                  op_forward_i,
    input  wire                  op_once_i,
    input  wire [BASE_WIDTH-1:0] op_input_start_i,
    input  wire [BASE_WIDTH-1:0] op_input_stride_i,
    input  wire [BASE_WIDTH-1:0] op_output_start_i,
    input  wire [BASE_WIDTH-1:0] op_output_stride_i,
    // input
    input  wire                  full_i,
    input  wire [STEP_WIDTH-1:0] last_i,              // full_i: number of a sequence's last step
    output wire                  release_o,
    // sequencer
    output wire                  waiting_o,
    input  wire                  start_i,
    input  wire                  advance_i,           // the operation has ended
    // sequence
    output reg                   first_step_o,        // of the phase
    output wire                  last_step_o,         // of the sequence
    output wire                  restart_o,           // a sequence begins
    output wire                  mark_o,              // a phase begins
    output wire                  back_o,              // it begins again, for its next step
    output reg  [BASE_WIDTH-1:0] input_base_o,
    output reg  [BASE_WIDTH-1:0] output_base_o
);

  reg                  beginning_q;  // pc_o is the first operation of a phase
  reg [  PC_WIDTH-1:0] phase_pc_q;   // where the phase begins
  reg [STEP_WIDTH-1:0] step_q;
  reg [STEP_WIDTH-1:0] last_q;

  wire is_beginning = start_i && beginning_q;
  wire is_entered = is_beginning && first_step_o;
  wire is_program_start = pc_o == {PC_WIDTH{1'b0}};
  wire is_walked = op_once_i || step_q == (op_forward_i ? last_q : {STEP_WIDTH{1'b0}});
  wire is_repeated = op_end_i && !is_walked;

  assign waiting_o   = op_input_i && !full_i;
  assign release_o   = advance_i && op_release_i && is_walked;
  assign last_step_o = step_q == last_q;
  assign restart_o   = is_entered && is_program_start;
  assign mark_o      = is_entered && !is_program_start;
  assign back_o      = is_beginning && !first_step_o;

  always @(posedge clk_i) begin
    if (rst_i) begin
      pc_o         <= {PC_WIDTH{1'b0}};
      beginning_q  <= 1'b1;
      first_step_o <= 1'b1;
    end else if (advance_i) begin
      beginning_q <= op_end_i;
      if (op_end_i) first_step_o <= is_walked;
      if (is_repeated) pc_o <= phase_pc_q;
      else pc_o <= pc_o == LAST_PC ? {PC_WIDTH{1'b0}} : pc_o + 1'b1;
    end
    if (restart_o) last_q <= last_i;
    if (is_entered) phase_pc_q <= pc_o;
    if (is_entered && op_forward_i) begin
      step_q        <= {STEP_WIDTH{1'b0}};
      input_base_o  <= op_input_start_i;
      output_base_o <= op_output_start_i;
    end else if (advance_i && is_repeated) begin
      step_q        <= op_forward_i ? step_q + 1'b1 : step_q - 1'b1;
      input_base_o  <= op_forward_i ? input_base_o + op_input_stride_i
                                    : input_base_o - op_input_stride_i;
      output_base_o <= op_forward_i ? output_base_o + op_output_stride_i
                                    : output_base_o - op_output_stride_i;
    end
  end

endmodule

`default_nettype wire
