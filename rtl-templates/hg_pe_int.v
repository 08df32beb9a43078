// One processing element for weights of 2 to 8 bits: act_i moves south, weight_i east, one cycle each.
//
// clear_i travels with the activations; in its cycle acc_o is complete, the column's drain reads it,
// and the next cycle starts from zero. The product and the sum fit one DSP block where there is one.
`default_nettype none

module hg_pe_int #(
    parameter ACT_WIDTH    = 8,  // activation bits, signed; 2 is {-1, 0, +1}
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

  localparam PRODUCT_WIDTH = ACT_WIDTH + WEIGHT_WIDTH;

  wire signed [ACC_WIDTH-1:0] sum;

  // A layer with very few, very small weights needs fewer accumulator bits than one product has.
  generate
    if (ACT_WIDTH == 2) begin : g_ternary
      // acc_o + weight, acc_o - weight or acc_o, in one carry chain, as in hg_pe_ternary.
      localparam WIDE = WEIGHT_WIDTH + ACC_WIDTH;
      wire is_negative = act_i[1];
      wire is_nonzero = act_i[0];
      wire signed [WEIGHT_WIDTH-1:0] addend =
          (weight_i ^ {WEIGHT_WIDTH{is_negative}}) & {WEIGHT_WIDTH{is_nonzero}};
      wire signed [WIDE-1:0] wide = {{ACC_WIDTH{addend[WEIGHT_WIDTH-1]}}, addend};
      wire dropped;
      assign {sum, dropped} = {acc_o, 1'b1} + {wide[ACC_WIDTH-1:0], is_negative};
      wire unused = &{dropped, wide[WIDE-1:ACC_WIDTH]};
    end else begin : g_product
      wire signed [PRODUCT_WIDTH-1:0] product = act_i * weight_i;
      wire signed [ACC_WIDTH-1:0] addend;
      assign sum = acc_o + addend;
      if (ACC_WIDTH > PRODUCT_WIDTH) begin : g_extend
        assign addend = {{(ACC_WIDTH - PRODUCT_WIDTH) {product[PRODUCT_WIDTH-1]}}, product};
      end else begin : g_slice
        assign addend = product[ACC_WIDTH-1:0];
        if (ACC_WIDTH < PRODUCT_WIDTH) begin : g_unused
          wire unused = &product[PRODUCT_WIDTH-1:ACC_WIDTH];
        end
      end
    end
  endgenerate

  always @(posedge clk_i) begin
    clear_o  <= clear_i;
    act_o    <= act_i;
    weight_o <= weight_i;
    if (clear_i) acc_o <= {ACC_WIDTH{1'b0}};
    else acc_o <= sum;
  end

endmodule

`default_nettype wire
