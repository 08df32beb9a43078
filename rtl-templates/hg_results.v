// AXI4-Stream output of the results of sequences in lockstep: a beat for each, in order. Results are kept as they
// come, write_i with each, and offered from two cycles later on; tlast marks the last one of a sequence's last step.
// The schedule starts no further head before all have been taken.
`default_nettype none

module hg_results #(
    parameter                      WIDTH          = 8,
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15
) (
    input  wire             clk_i,
    input  wire             rst_i,
    input  wire             write_i,
    input  wire [WIDTH-1:0] data_i,
    input  wire             last_step_i,    // of the sequences
    output wire             done_o,         // with the last one that is written
    output reg              m_axis_tvalid,
    input  wire             m_axis_tready,
    output wire [WIDTH-1:0] m_axis_tdata,
    output wire             m_axis_tlast,
    output wire             taken_o         // the last one
);

  reg  [SEQUENCE_WIDTH-1:0] write_q;  // where the next one goes
  reg  [  SEQUENCE_WIDTH:0] ready_q;  // how many are there that have not been taken
  reg  [SEQUENCE_WIDTH-1:0] read_q;   // the one that is offered

  wire                      at_last = read_q == LAST_SEQUENCE;
  wire                      is_taken = m_axis_tvalid && m_axis_tready;
  wire [SEQUENCE_WIDTH-1:0] next_read =
      !is_taken ? read_q : at_last ? {SEQUENCE_WIDTH{1'b0}} : read_q + 1'b1;
  wire [  SEQUENCE_WIDTH:0] left = ready_q - {{SEQUENCE_WIDTH{1'b0}}, is_taken};

  assign done_o       = write_i && write_q == LAST_SEQUENCE;
  assign taken_o      = is_taken && at_last;
  assign m_axis_tlast = last_step_i && at_last;

  always @(posedge clk_i) begin
    if (rst_i) begin
      write_q       <= {SEQUENCE_WIDTH{1'b0}};
      ready_q       <= {(SEQUENCE_WIDTH + 1) {1'b0}};
      read_q        <= {SEQUENCE_WIDTH{1'b0}};
      m_axis_tvalid <= 1'b0;
    end else begin
      if (write_i) write_q <= done_o ? {SEQUENCE_WIDTH{1'b0}} : write_q + 1'b1;
      ready_q       <= left + {{SEQUENCE_WIDTH{1'b0}}, write_i};
      read_q        <= next_read;
      m_axis_tvalid <= left != {(SEQUENCE_WIDTH + 1) {1'b0}};
    end
  end

  hg_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (1 << SEQUENCE_WIDTH),
      .ADDR_WIDTH(SEQUENCE_WIDTH)
  ) u_results (
      .clk_i       (clk_i),
      .write_i     (write_i),
      .write_addr_i(write_q),
      .write_data_i(data_i),
      .read_addr_i (next_read),
      .read_data_o (m_axis_tdata)
  );

endmodule

`default_nettype wire
