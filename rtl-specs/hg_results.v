// What hg_results must do (AXI4-Stream master): results leave in the order in which they came, one beat each; a beat
// that is offered stays until it is taken, with the same word; done and taken mark the last of a round of sequences,
// tlast that of a sequence's last step. An invariant, by induction from reset; the memory is cut out: a word is
// offered in the cycle behind its reading, and is read after it was written, where it was written.
//
// Assumed: no more results are kept than there are sequences.
`default_nettype none

module hg_results_spec #(
    parameter                      WIDTH          = 8,
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15
) (
    input wire             clk_i,
    input wire             rst_i,
    input wire             write_i,
    input wire [WIDTH-1:0] data_i,
    input wire             last_step_i,
    input wire             m_axis_tready
);

  wire done_o, m_axis_tvalid, m_axis_tlast, taken_o;
  wire [WIDTH-1:0] m_axis_tdata;

  hg_results #(
      .WIDTH         (WIDTH),
      .SEQUENCE_WIDTH(SEQUENCE_WIDTH),
      .LAST_SEQUENCE (LAST_SEQUENCE)
  ) dut (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .write_i      (write_i),
      .data_i       (data_i),
      .last_step_i  (last_step_i),
      .done_o       (done_o),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready),
      .m_axis_tdata (m_axis_tdata),
      .m_axis_tlast (m_axis_tlast),
      .taken_o      (taken_o)
  );

  (* hierconn *) wire \dut.u_results.write_i ;
  (* hierconn *) wire [SEQUENCE_WIDTH-1:0] \dut.u_results.write_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_results.write_data_i ;
  (* hierconn *) wire [SEQUENCE_WIDTH-1:0] \dut.u_results.read_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_results.read_data_o ;
  (* hierconn *) wire [SEQUENCE_WIDTH:0] \dut.ready_q ;
  (* hierconn *) wire [SEQUENCE_WIDTH-1:0] \dut.read_q ;
  (* hierconn *) wire [SEQUENCE_WIDTH-1:0] \dut.write_q ;

  // Which sequence is written, which is offered, and how many are there; a cycle ago, which was read, and whether a beat
  // was refused.
  reg started = 1'b0;
  reg [31:0] writes, reads, kept;
  reg [SEQUENCE_WIDTH-1:0] read_p;
  reg refused_p;

  wire taken = m_axis_tvalid && m_axis_tready;

  always @(posedge clk_i) begin
    started <= 1'b1;
    read_p <= \dut.u_results.read_addr_i ;
    refused_p <= m_axis_tvalid && !m_axis_tready && !rst_i;
    if (rst_i) {writes, reads, kept} <= 96'd0;
    else begin
      if (write_i) writes <= writes == LAST_SEQUENCE ? 0 : writes + 1;
      if (taken) reads <= reads == LAST_SEQUENCE ? 0 : reads + 1;
      kept <= kept + write_i - taken;
    end
  end

  always @(*) begin
    assume (started || rst_i);
    assume (!started || !write_i || kept <= LAST_SEQUENCE);
    assert (\dut.u_results.write_i == write_i && \dut.u_results.write_data_i == data_i);
    assert (m_axis_tdata == \dut.u_results.read_data_o );
    if (started) begin
      assert (\dut.u_results.write_addr_i == writes);
      assert (!refused_p || m_axis_tvalid);
      // What is offered is what was read, and it was there: it is one of those that are kept.
      if (m_axis_tvalid) assert (read_p == reads && kept > 0);
      assert (done_o == (write_i && writes == LAST_SEQUENCE));
      assert (taken_o == (taken && reads == LAST_SEQUENCE));
      assert (m_axis_tlast == (last_step_i && reads == LAST_SEQUENCE));
      // What the rest rests on.
      assert (\dut.ready_q == kept && \dut.read_q == reads && \dut.write_q == writes);
      assert (writes <= LAST_SEQUENCE && reads <= LAST_SEQUENCE && kept <= LAST_SEQUENCE + 1);
    end
  end

endmodule

`default_nettype wire
