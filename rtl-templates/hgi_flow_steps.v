// Which operation comes next where sequences pass through step by step: the program is one step of all
// layers, and runs once for every x.
`default_nettype none

module hgi_flow_steps #(
    parameter                PC_WIDTH = 4,
    parameter [PC_WIDTH-1:0] LAST_PC  = 4'd12
) (
    input  wire                clk_i,
    input  wire                rst_i,
    output reg  [PC_WIDTH-1:0] pc_o,
    // operation, one cycle after pc_o
    input  wire                op_input_i,    // waits for x
    input  wire                op_release_i,  // and is the last to need it
    input  wire                op_skip_i,     // left out unless it is a sequence's last step
    // input
    input  wire                full_i,
    input  wire                last_i,        // full_i: with the last x of a sequence
    output wire                release_o,
    output reg                 buffer_o,
    // sequencer
    output wire                waiting_o,
    output wire                skip_o,
    input  wire                start_i,
    input  wire                finish_i,      // the operation has ended
    input  wire                advance_i,     // it has ended, or is left out
    // sequence
    output reg                 first_step_o,
    output reg                 last_step_o,
    output wire                restart_o      // a step begins
);

  assign waiting_o = op_input_i && !full_i;
  assign skip_o    = op_skip_i && !last_step_o;
  assign restart_o = start_i && pc_o == {PC_WIDTH{1'b0}};
  assign release_o = finish_i && op_release_i;

  always @(posedge clk_i) begin
    if (rst_i) begin
      pc_o         <= {PC_WIDTH{1'b0}};
      buffer_o     <= 1'b0;
      first_step_o <= 1'b1;
    end else begin
      if (release_o) buffer_o <= !buffer_o;
      if (advance_i) begin
        pc_o <= pc_o == LAST_PC ? {PC_WIDTH{1'b0}} : pc_o + 1'b1;
        if (pc_o == LAST_PC) first_step_o <= last_step_o;
      end
    end
    if (restart_o) last_step_o <= last_i;
  end

endmodule

`default_nettype wire
