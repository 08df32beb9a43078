// Two processing elements of int weights, one south of the other, whose products share a DSP block where a part has blocks
// of two multipliers; their sums are in LUTs. Each is what hg_pe_int is, for activations of 8 bits: act_i moves
// south, two cycles for both, weights_i east, one cycle each.
`default_nettype none

module hg_pe_int_pair #(
    parameter ACT_WIDTH    = 8,  // 8
    parameter WEIGHT_WIDTH = 8,  // weight bits, signed, at most 8
    parameter ACC_WIDTH    = 24  // accumulator bits, signed
) (
    input  wire                             clk_i,
    input  wire                             clear_i,
    input  wire signed [     ACT_WIDTH-1:0] act_i,
    input  wire        [2*WEIGHT_WIDTH-1:0] weights_i,  // {south, north}
    output reg                              clear_o,
    output reg  signed [     ACT_WIDTH-1:0] act_o,
    output reg         [2*WEIGHT_WIDTH-1:0] weights_o,
    output wire        [   2*ACC_WIDTH-1:0] accs_o
);

  localparam WIDE = ACC_WIDTH + 16;

  reg                        clear_q;
  reg signed [ACT_WIDTH-1:0] act_q;
  wire       [         31:0] products;

  hg_product_pair #(
      .WEIGHT_WIDTH(WEIGHT_WIDTH)
  ) u_products (
      .acts_i    ({act_q, act_i}),
      .weights_i (weights_i),
      .products_o(products)
  );

  // A layer with very few, very small weights needs fewer accumulator bits than one product has.
  wire [WIDE-1:0] wide_0 = {{ACC_WIDTH{products[15]}}, products[15:0]};
  wire [WIDE-1:0] wide_1 = {{ACC_WIDTH{products[31]}}, products[31:16]};

  reg [ACC_WIDTH-1:0] north_q;
  reg [ACC_WIDTH-1:0] south_q;

  always @(posedge clk_i) begin
    clear_q   <= clear_i;
    clear_o   <= clear_q;
    act_q     <= act_i;
    act_o     <= act_q;
    weights_o <= weights_i;
    north_q   <= clear_i ? {ACC_WIDTH{1'b0}} : north_q + wide_0[ACC_WIDTH-1:0];
    south_q   <= clear_q ? {ACC_WIDTH{1'b0}} : south_q + wide_1[ACC_WIDTH-1:0];
  end

  assign accs_o = {south_q, north_q};

  wire unused = &{wide_0[WIDE-1:ACC_WIDTH], wide_1[WIDE-1:ACC_WIDTH]};

endmodule

`default_nettype wire
