// What a stationary processing element for weights of two's complement must do in a step. An inductive step from any
// state: the sum is psum + product, of the weight in use; the weight that waits is taken from the north with a shift, and
// comes into use with a swap. The product is proved apart: hg_pe_stationary_int_product.v.
`default_nettype none

module hg_pe_stationary_int_spec #(
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

  hg_pe_stationary_int #(
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

  // The product is what hg_pe_stationary_int_product.v proves it to be; here it is anything.
  (* hierconn *) wire [ACT_WIDTH+WEIGHT_WIDTH-1:0] \dut.product ;
  wire signed [ACT_WIDTH+WEIGHT_WIDTH-1:0] product_d = \dut.product ;
  reg signed [ACT_WIDTH+WEIGHT_WIDTH-1:0] product;

  always @(posedge clk_i) product <= product_d;

  // Modulo 2^SUM_WIDTH; that no sum of this design reaches it is the proof of its widths.
  wire signed [47:0] sum = psum_p + product;

  always @(*) begin
    assert (psum_o == sum[SUM_WIDTH-1:0]);
    assert (weight_o == (shift_p ? north_p : waiting_p));
    assert (\dut.weight_q == (swap_p ? waiting_p : held_p));
    assert (swap_o == swap_p && shift_o == shift_p && act_o == act_p);
  end

endmodule

`default_nettype wire
