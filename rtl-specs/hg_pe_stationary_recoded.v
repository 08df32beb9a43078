// What a stationary processing element without a multiplier block must do in a step. An inductive step from any state:
// the sum is that of hg_multiply_add, which is cut out: it is given psum, activation and the weight in use, and
// hg_multiply_add.v says what it makes of them; the weight that waits is taken from the north with a shift, and comes
// into use with a swap.
`default_nettype none

module hg_pe_stationary_recoded_spec #(
    parameter ACT_WIDTH    = 8,
    parameter WEIGHT_WIDTH = 4,
    parameter SUM_WIDTH    = 16
) (
    input wire                        clk_i,
    input wire                        swap_i,
    input wire                        shift_i,
    input wire        [WEIGHT_WIDTH-1:0] weight_i,
    input wire signed [ACT_WIDTH-1:0] act_i,
    input wire signed [SUM_WIDTH-1:0] psum_i
);

  wire                        swap_o;
  wire                        shift_o;
  wire        [WEIGHT_WIDTH-1:0] weight_o;
  wire signed [ACT_WIDTH-1:0] act_o;
  wire signed [SUM_WIDTH-1:0] psum_o;

  hg_pe_stationary_recoded #(
      .ACT_WIDTH(ACT_WIDTH),
      .WEIGHT_WIDTH(WEIGHT_WIDTH),
      .SUM_WIDTH(SUM_WIDTH)
  ) dut (
      .clk_i   (clk_i),
      .swap_i  (swap_i),
      .shift_i (shift_i),
      .weight_i(weight_i),
      .act_i   (act_i),
      .psum_i  (psum_i),
      .swap_o  (swap_o),
      .shift_o (shift_o),
      .weight_o(weight_o),
      .act_o   (act_o),
      .psum_o  (psum_o)
  );

  (* hierconn *) wire [WEIGHT_WIDTH-1:0] \dut.weight_q ;

  // The cycle before.
  reg                        swap_p, shift_p;
  reg        [WEIGHT_WIDTH-1:0] north_p, waiting_p, held_p;
  reg signed [ACT_WIDTH-1:0] act_p;
  reg signed [SUM_WIDTH-1:0] psum_p;

  always @(posedge clk_i) begin
    {swap_p, shift_p} <= {swap_i, shift_i};
    north_p   <= weight_i;
    waiting_p <= weight_o;
    held_p    <= \dut.weight_q ;
    act_p     <= act_i;
    psum_p    <= psum_i;
  end

  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.u_sum.addend_i ;
  (* hierconn *) wire [ACT_WIDTH-1:0] \dut.u_sum.multiplicand_i ;
  (* hierconn *) wire [WEIGHT_WIDTH-1:0] \dut.u_sum.multiplier_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.u_sum.sum_o ;
  reg [SUM_WIDTH-1:0] sum_p;

  always @(posedge clk_i) sum_p <= \dut.u_sum.sum_o ;

  always @(*) begin
    assert (\dut.u_sum.addend_i == psum_i && \dut.u_sum.multiplicand_i == act_i);
    assert (\dut.u_sum.multiplier_i == \dut.weight_q );
    assert (psum_o == sum_p);
    assert (weight_o == (shift_p ? north_p : waiting_p));
    assert (\dut.weight_q == (swap_p ? waiting_p : held_p));
    assert (swap_o == swap_p && shift_o == shift_p && act_o == act_p);
  end

endmodule

`default_nettype wire
