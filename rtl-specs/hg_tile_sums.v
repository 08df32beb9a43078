// What the foot of a column must do in a step, from any state: what it is told of a sum moves east; a cycle later the
// sum is there, and what it makes of it, psum for a block's first tile, else psum more than its memory had for the
// sequence, is kept for the sequence, or, with the last tile, put among the finished sums. The memories are cut out.
`default_nettype none

module hg_tile_sums_spec #(
    parameter PSUM_WIDTH     = 12,
    parameter SUM_WIDTH      = 16,
    parameter SEQUENCE_WIDTH = 4,
    parameter PLACE_WIDTH    = 1
) (
    input wire                             clk_i,
    input wire                             valid_i,
    input wire        [SEQUENCE_WIDTH-1:0] sequence_i,
    input wire                             first_i,
    input wire                             last_i,
    input wire        [   PLACE_WIDTH-1:0] place_i,
    input wire signed [    PSUM_WIDTH-1:0] psum_i,
    input wire        [   PLACE_WIDTH-1:0] drain_place_i,
    input wire        [SEQUENCE_WIDTH-1:0] drain_sequence_i
);

  wire                             valid_o;
  wire        [SEQUENCE_WIDTH-1:0] sequence_o;
  wire                             first_o;
  wire                             last_o;
  wire        [   PLACE_WIDTH-1:0] place_o;
  wire signed [     SUM_WIDTH-1:0] sum_o;

  hg_tile_sums #(
      .PSUM_WIDTH    (PSUM_WIDTH),
      .SUM_WIDTH     (SUM_WIDTH),
      .SEQUENCE_WIDTH(SEQUENCE_WIDTH),
      .PLACE_WIDTH   (PLACE_WIDTH)
  ) dut (
      .clk_i           (clk_i),
      .valid_i         (valid_i),
      .sequence_i      (sequence_i),
      .first_i         (first_i),
      .last_i          (last_i),
      .place_i         (place_i),
      .valid_o         (valid_o),
      .sequence_o      (sequence_o),
      .first_o         (first_o),
      .last_o          (last_o),
      .place_o         (place_o),
      .psum_i          (psum_i),
      .drain_place_i   (drain_place_i),
      .drain_sequence_i(drain_sequence_i),
      .sum_o           (sum_o)
  );

  localparam FINISHED = PLACE_WIDTH + SEQUENCE_WIDTH;

  (* hierconn *) wire \dut.u_partial.write_i ;
  (* hierconn *) wire [SEQUENCE_WIDTH-1:0] \dut.u_partial.write_addr_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.u_partial.write_data_i ;
  (* hierconn *) wire [SEQUENCE_WIDTH-1:0] \dut.u_partial.read_addr_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.u_partial.read_data_o ;
  (* hierconn *) wire \dut.u_finished.write_i ;
  (* hierconn *) wire [FINISHED-1:0] \dut.u_finished.write_addr_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.u_finished.write_data_i ;
  (* hierconn *) wire [FINISHED-1:0] \dut.u_finished.read_addr_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.u_finished.read_data_o ;

  // What was told a cycle ago.
  reg valid_p, first_p, last_p;
  reg [SEQUENCE_WIDTH-1:0] sequence_p;
  reg [PLACE_WIDTH-1:0] place_p;

  always @(posedge clk_i) begin
    {valid_p, first_p, last_p} <= {valid_i, first_i, last_i};
    sequence_p <= sequence_i;
    place_p    <= place_i;
  end

  wire signed [47:0] psum = psum_i;
  wire signed [47:0] kept = $signed(\dut.u_partial.read_data_o );
  // Modulo 2^SUM_WIDTH; that no sum of this design reaches it is the proof of its widths.
  wire signed [47:0] total = first_p ? psum : kept + psum;
  wire [SUM_WIDTH-1:0] expected = total[SUM_WIDTH-1:0];

  always @(*) begin
    assert (valid_o == valid_p && first_o == first_p && last_o == last_p);
    assert (sequence_o == sequence_p && place_o == place_p);
    assert (\dut.u_partial.read_addr_i == sequence_i);
    assert (\dut.u_partial.write_i == (valid_p && !last_p));
    assert (\dut.u_finished.write_i == (valid_p && last_p));
    if (valid_p && !last_p) begin
      assert (\dut.u_partial.write_addr_i == sequence_p);
      assert (\dut.u_partial.write_data_i == expected);
    end
    if (valid_p && last_p) begin
      assert (\dut.u_finished.write_addr_i == {place_p, sequence_p});
      assert (\dut.u_finished.write_data_i == expected);
    end
    assert (\dut.u_finished.read_addr_i == {drain_place_i, drain_sequence_i});
    assert (sum_o == \dut.u_finished.read_data_o );
  end

endmodule

`default_nettype wire
