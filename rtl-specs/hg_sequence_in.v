// What hg_sequence_in must do (AXI4-Stream slave): beat b of a step is written to word b / 2^PACK_WIDTH of the step,
// steps follow each other word by word, from the sequence's first on; no beat is lost or made up; it is ready unless a
// whole sequence waits. A sequence ends with tlast on the last beat of a step, or where memory ends. An invariant, by
// induction from reset.
//
// The reader is assumed to release a whole sequence alone.
`default_nettype none

module hg_sequence_in_spec #(
    parameter                   INDEX_WIDTH = 4,
    parameter [INDEX_WIDTH-1:0] LAST_INDEX  = 4'd15,
    parameter                   PACK_WIDTH  = 0,
    parameter                   ADDR_WIDTH  = 10,
    parameter [ ADDR_WIDTH-1:0] LAST_STEP   = 10'd1008
) (
    input wire clk_i,
    input wire rst_i,
    input wire s_axis_tvalid,
    input wire s_axis_tlast,
    input wire release_i
);

  wire s_axis_tready;
  wire load_o;
  wire [ADDR_WIDTH-1:0] load_addr_o;
  wire [INDEX_WIDTH-1:0] load_index_o;
  wire full_o;
  wire [ADDR_WIDTH-1:0] last_step_o;

  hg_sequence_in #(
      .INDEX_WIDTH(INDEX_WIDTH),
      .LAST_INDEX (LAST_INDEX),
      .PACK_WIDTH (PACK_WIDTH),
      .ADDR_WIDTH (ADDR_WIDTH),
      .LAST_STEP  (LAST_STEP)
  ) dut (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tready(s_axis_tready),
      .s_axis_tlast (s_axis_tlast),
      .load_o       (load_o),
      .load_addr_o  (load_addr_o),
      .load_index_o (load_index_o),
      .full_o       (full_o),
      .last_step_o  (last_step_o),
      .release_i    (release_i)
  );

  // Words of a step, and the number of the last step that there is room for.
  localparam WORDS = (LAST_INDEX >> PACK_WIDTH) + 1;
  localparam LAST_NUMBER = LAST_STEP / WORDS;

  // The stream as it was taken: steps before the one that arrives (or arrived last), its beats, and whether the
  // sequence is whole.
  reg started = 1'b0;
  reg [31:0] beats;
  reg [31:0] steps;
  reg whole;
  reg whole_p;

  wire taken = s_axis_tvalid && s_axis_tready;
  wire completes = taken && beats == LAST_INDEX;
  wire ends = completes && (s_axis_tlast || steps == LAST_NUMBER);
  wire [31:0] first_word = steps * WORDS;
  wire [31:0] word = first_word + (beats >> PACK_WIDTH);

  always @(posedge clk_i) begin
    started <= 1'b1;
    whole_p <= whole && !release_i && !rst_i;
    if (rst_i || release_i) begin
      if (rst_i) beats <= 32'd0;
      steps <= 32'd0;
      whole <= 1'b0;
    end else if (taken) begin
      beats <= completes ? 32'd0 : beats + 32'd1;
      if (ends) whole <= 1'b1;
      else if (completes) steps <= steps + 32'd1;
    end
  end

  (* hierconn *) wire \dut.full_q ;

  always @(*) begin
    assume (started || rst_i);
    assume (!started || rst_i || !release_i || whole);
    assert (load_o == taken);
    if (started) begin
      assert (beats <= LAST_INDEX);
      assert (steps <= LAST_NUMBER);
      assert (!whole || beats == 0);
      assert (s_axis_tready == !whole);
      assert (load_index_o == beats);
      if (!whole) assert (load_addr_o == word[ADDR_WIDTH-1:0]);
      assert (full_o == whole_p);
      assert (last_step_o == first_word);
      assert (\dut.full_q == whole);
    end
  end

endmodule

`default_nettype wire
