// What hg_stream_in must do (AXI4-Stream slave): beats go one after the other to the places of a step, in one buffer,
// then in the other; no beat is lost, made up, or written into a buffer that is still needed; it is ready whenever a
// buffer is free. An invariant, by induction from reset.
//
// The reader is assumed to release full buffers alone, the older one first.
`default_nettype none

module hg_stream_in_spec #(
    parameter                   INDEX_WIDTH = 4,
    parameter [INDEX_WIDTH-1:0] LAST_INDEX  = 4'd15
) (
    input wire clk_i,
    input wire rst_i,
    input wire s_axis_tvalid,
    input wire s_axis_tlast,
    input wire read_buffer_i,
    input wire release_i,
    input wire release_buffer_i
);

  wire s_axis_tready;
  wire load_o;
  wire load_buffer_o;
  wire [INDEX_WIDTH-1:0] load_index_o;
  wire full_o;
  wire last_o;

  hg_stream_in #(
      .INDEX_WIDTH(INDEX_WIDTH),
      .LAST_INDEX (LAST_INDEX)
  ) dut (
      .clk_i           (clk_i),
      .rst_i           (rst_i),
      .s_axis_tvalid   (s_axis_tvalid),
      .s_axis_tready   (s_axis_tready),
      .s_axis_tlast    (s_axis_tlast),
      .load_o          (load_o),
      .load_buffer_o   (load_buffer_o),
      .load_index_o    (load_index_o),
      .read_buffer_i   (read_buffer_i),
      .full_o          (full_o),
      .last_o          (last_o),
      .release_i       (release_i),
      .release_buffer_i(release_buffer_i)
  );

  // The stream as it was taken: beats of the step that arrives, whole steps that wait, and the oldest one's buffer.
  reg started = 1'b0;
  reg [31:0] beats;
  reg [1:0] steps;
  reg oldest;
  reg [1:0] ends;

  wire taken = s_axis_tvalid && s_axis_tready;
  wire completes = taken && beats == LAST_INDEX;
  wire current = steps == 2'd1 ? !oldest : oldest;

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) begin
      beats  <= 32'd0;
      steps  <= 2'd0;
      oldest <= 1'b0;
    end else begin
      if (taken) beats <= completes ? 32'd0 : beats + 32'd1;
      steps <= steps + completes - release_i;
      if (release_i) oldest <= !oldest;
      if (completes) ends[current] <= s_axis_tlast;
    end
  end

  (* hierconn *) wire [1:0] \dut.full_q ;
  (* hierconn *) wire [1:0] \dut.last_q ;
  wire [1:0] full = steps == 2'd0 ? 2'b00 : steps == 2'd1 ? 2'b01 << oldest : 2'b11;

  always @(*) begin
    assume (started || rst_i);
    assume (!started || rst_i || !release_i || (steps > 0 && release_buffer_i == oldest));
    assert (load_o == taken);
    if (started) begin
      assert (beats <= LAST_INDEX && steps <= 2);
      assert (s_axis_tready == (steps < 2));
      assert (load_index_o == beats);
      assert (load_buffer_o == (steps == 2'd2 ? oldest : current));
      assert (!load_o || !full[load_buffer_o]);
      assert (full_o == full[read_buffer_i]);
      if (full_o) assert (last_o == ends[read_buffer_i]);
      // What the rest rests on.
      assert (\dut.full_q == full);
      if (full[0]) assert (\dut.last_q [0] == ends[0]);
      if (full[1]) assert (\dut.last_q [1] == ends[1]);
    end
  end

endmodule

`default_nettype wire
