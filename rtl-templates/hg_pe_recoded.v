// One processing element for weights of 2 to 8 bits where no multiplier block is to be used: act_i moves
// south, weight_i east, one cycle each.
//
// The weight is recoded to radix-4 digits, whose terms are added to the accumulator (hg_multiply_add.v): for
// int8 two fifths of the LUT4 that a `*` takes. clear_i travels with the activations; in its cycle acc_o is
// complete, the column's drain reads it, and the next cycle starts from zero.
`default_nettype none

module hg_pe_recoded #(
    parameter ACT_WIDTH    = 8,  // activation bits, signed
    parameter WEIGHT_WIDTH = 8,  // weight bits, signed
    parameter ACC_WIDTH    = 24  // accumulator bits, signed
) (
    input  wire                           clk_i,
    input  wire                           clear_i,
    input  wire signed [   ACT_WIDTH-1:0] act_i,
    input  wire signed [WEIGHT_WIDTH-1:0] weight_i,
    output reg                            clear_o,
    output reg  signed [   ACT_WIDTH-1:0] act_o,
    output reg  signed [WEIGHT_WIDTH-1:0] weight_o,
    output reg  signed [   ACC_WIDTH-1:0] acc_o
);

  wire signed [ACC_WIDTH-1:0] sum;

  hg_multiply_add #(
      .MULTIPLICAND_WIDTH(ACT_WIDTH),
      .MULTIPLIER_WIDTH  (WEIGHT_WIDTH),
      .SUM_WIDTH         (ACC_WIDTH)
  ) u_sum (
      .addend_i      (acc_o),
      .multiplicand_i(act_i),
      .multiplier_i  (weight_i),
      .sum_o         (sum)
  );

  always @(posedge clk_i) begin
    clear_o  <= clear_i;
    act_o    <= act_i;
    weight_o <= weight_i;
    if (clear_i) acc_o <= {ACC_WIDTH{1'b0}};
    else acc_o <= sum;
  end

endmodule

`default_nettype wire
