// What hg_stream_out must do (AXI4-Stream master): valid stays until the beat is taken, and there are exactly as many
// beats as results. An invariant, by induction from reset.
//
// The schedule starts no head while a result waits, so none completes while one is refused: assumed here.
`default_nettype none

module hg_stream_out_spec (
    input wire clk_i,
    input wire rst_i,
    input wire done_i,
    input wire m_axis_tready
);

  wire m_axis_tvalid;
  wire taken_o;

  hg_stream_out dut (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .done_i       (done_i),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready),
      .taken_o      (taken_o)
  );

  // Results less beats.
  reg started = 1'b0;
  reg [7:0] waiting;
  reg stalled_p;

  always @(posedge clk_i) begin
    started   <= 1'b1;
    stalled_p <= m_axis_tvalid && !m_axis_tready && !rst_i;
    if (rst_i) waiting <= 8'd0;
    else waiting <= waiting + done_i - taken_o;
  end

  always @(*) begin
    assume (started || rst_i);
    assume (!(done_i && m_axis_tvalid && !m_axis_tready));
    if (started) begin
      assert (!stalled_p || m_axis_tvalid);
      assert (waiting == m_axis_tvalid);
    end
    assert (taken_o == (m_axis_tvalid && m_axis_tready));
  end

endmodule

`default_nettype wire
