// One weight-stationary processing element for weights of 2 to 8 bits: activations move east, sums south, one cycle
// each, past a weight that stays.
//
// The product and the sum fit one DSP block where there is one. The next tile's weights shift in from the north
// meanwhile: shift_i takes one from the neighbour, swap_i, one cycle ahead of a tile's first activation, makes
// the one that has arrived the weight in use.
`default_nettype none

module hg_pe_stationary_int #(
    parameter ACT_WIDTH    = 8,   // activation bits, signed
    parameter WEIGHT_WIDTH = 8,   // weight bits, signed
    parameter SUM_WIDTH    = 24   // bits of the sums, signed
) (
    input  wire                           clk_i,
    input  wire                           swap_i,
    input  wire                           shift_i,
    input  wire signed [WEIGHT_WIDTH-1:0] weight_i,
    input  wire signed [   ACT_WIDTH-1:0] act_i,
    input  wire signed [   SUM_WIDTH-1:0] psum_i,
    output reg                            swap_o,
    output reg                            shift_o,
    output reg  signed [WEIGHT_WIDTH-1:0] weight_o,  // the weight that waits
    output reg  signed [   ACT_WIDTH-1:0] act_o,
    output reg  signed [   SUM_WIDTH-1:0] psum_o
);

  localparam PRODUCT_WIDTH = ACT_WIDTH + WEIGHT_WIDTH;

  reg signed [WEIGHT_WIDTH-1:0] weight_q;

  wire signed [PRODUCT_WIDTH-1:0] product = act_i * weight_q;
  wire signed [    SUM_WIDTH-1:0] addend;

  // Very few, very small weights need fewer bits than one product has.
  generate
    if (SUM_WIDTH > PRODUCT_WIDTH) begin : g_extend
      assign addend = {{(SUM_WIDTH - PRODUCT_WIDTH) {product[PRODUCT_WIDTH-1]}}, product};
    end else begin : g_slice
      assign addend = product[SUM_WIDTH-1:0];
      if (SUM_WIDTH < PRODUCT_WIDTH) begin : g_unused
        wire unused = &product[PRODUCT_WIDTH-1:SUM_WIDTH];
      end
    end
  endgenerate

  always @(posedge clk_i) begin
    swap_o  <= swap_i;
    shift_o <= shift_i;
    act_o   <= act_i;
    psum_o  <= psum_i + addend;
    if (shift_i) weight_o <= weight_i;
    if (swap_i) weight_q <= weight_o;
  end

endmodule

`default_nettype wire
