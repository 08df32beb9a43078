// What a processing element without a multiplier block must do in a step. An inductive step from any state: the next
// accumulator is 0 after a clear, else the sum of hg_multiply_add, which is cut out: it is given accumulator,
// activation and weight, and hg_multiply_add.v says what it makes of them.
`default_nettype none

module hg_pe_recoded_spec #(
    parameter ACT_WIDTH    = 8,
    parameter WEIGHT_WIDTH = 8,
    parameter ACC_WIDTH    = 24
) (
    input wire                           clk_i,
    input wire                           clear_i,
    input wire signed [   ACT_WIDTH-1:0] act_i,
    input wire signed [WEIGHT_WIDTH-1:0] weight_i
);

  wire                           clear_o;
  wire signed [   ACT_WIDTH-1:0] act_o;
  wire signed [WEIGHT_WIDTH-1:0] weight_o;
  wire signed [   ACC_WIDTH-1:0] acc_o;

  hg_pe_recoded #(
      .ACT_WIDTH   (ACT_WIDTH),
      .WEIGHT_WIDTH(WEIGHT_WIDTH),
      .ACC_WIDTH   (ACC_WIDTH)
  ) dut (
      .clk_i   (clk_i),
      .clear_i (clear_i),
      .act_i   (act_i),
      .weight_i(weight_i),
      .clear_o (clear_o),
      .act_o   (act_o),
      .weight_o(weight_o),
      .acc_o   (acc_o)
  );

  (* hierconn *) wire [ACC_WIDTH-1:0] \dut.u_sum.addend_i ;
  (* hierconn *) wire [ACT_WIDTH-1:0] \dut.u_sum.multiplicand_i ;
  (* hierconn *) wire [WEIGHT_WIDTH-1:0] \dut.u_sum.multiplier_i ;
  (* hierconn *) wire [ACC_WIDTH-1:0] \dut.u_sum.sum_o ;

  // The cycle before.
  reg                           clear_p;
  reg signed [   ACT_WIDTH-1:0] act_p;
  reg signed [WEIGHT_WIDTH-1:0] weight_p;
  reg signed [   ACC_WIDTH-1:0] sum_p;

  always @(posedge clk_i) begin
    clear_p  <= clear_i;
    act_p    <= act_i;
    weight_p <= weight_i;
    sum_p    <= \dut.u_sum.sum_o ;
  end

  always @(*) begin
    assert (\dut.u_sum.addend_i == acc_o);
    assert (\dut.u_sum.multiplicand_i == act_i && \dut.u_sum.multiplier_i == weight_i);
    assert (acc_o == (clear_p ? 0 : sum_p));
    assert (clear_o == clear_p && act_o == act_p && weight_o == weight_p);
  end

endmodule

`default_nettype wire
