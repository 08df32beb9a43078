// AXI4-Stream output of one result per step. The data are the argmax units' registers, which hold still
// until the beat is taken: the schedule starts no further head before that.
`default_nettype none

module hg_stream_out (
    input  wire clk_i,
    input  wire rst_i,
    input  wire done_i,  // a result is complete
    output reg  m_axis_tvalid,
    input  wire m_axis_tready,
    output wire taken_o
);

  assign taken_o = m_axis_tvalid && m_axis_tready;

  always @(posedge clk_i) begin
    if (rst_i) m_axis_tvalid <= 1'b0;
    else if (done_i) m_axis_tvalid <= 1'b1;
    else if (m_axis_tready) m_axis_tvalid <= 1'b0;
  end

endmodule

`default_nettype wire
