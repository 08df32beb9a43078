// One processing element for int8 weights: act_i moves south, weight_i east, one cycle each.
//
// clear_i travels with the activations; in its cycle acc_o is complete, the column's drain reads it,
// and the next cycle starts from zero. The product and the sum fit one DSP block where there is one.
`default_nettype none

module hg_pe_int8 #(
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

  localparam PRODUCT_WIDTH = ACT_WIDTH + WEIGHT_WIDTH;

  wire signed [PRODUCT_WIDTH-1:0] product = act_i * weight_i;

  // A layer with very few, very small weights needs fewer accumulator bits than one product has.
  wire signed [ACC_WIDTH-1:0] addend;
  generate
    if (ACC_WIDTH > PRODUCT_WIDTH) begin : g_extend
      assign addend = {{(ACC_WIDTH - PRODUCT_WIDTH) {product[PRODUCT_WIDTH-1]}}, product};
    end else begin : g_slice
      assign addend = product[ACC_WIDTH-1:0];
      if (ACC_WIDTH < PRODUCT_WIDTH) begin : g_unused
        wire unused = &product[PRODUCT_WIDTH-1:ACC_WIDTH];
      end
    end
  endgenerate

  always @(posedge clk_i) begin
    clear_o  <= clear_i;
    act_o    <= act_i;
    weight_o <= weight_i;
    if (clear_i) acc_o <= {ACC_WIDTH{1'b0}};
    else acc_o <= acc_o + addend;
  end

endmodule

`default_nettype wire
