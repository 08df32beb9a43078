// What a pair of elements must do in a step: each accumulator is 0 after its clear, else itself and its product; the
// southern one has the northern's clear and activation a cycle later. The products are cut out: hg_product_pair.v.
`default_nettype none

module hg_pe_int_pair_spec #(
    parameter ACT_WIDTH    = 8,
    parameter WEIGHT_WIDTH = 8,
    parameter ACC_WIDTH    = 24
) (
    input wire                             clk_i,
    input wire                             clear_i,
    input wire signed [     ACT_WIDTH-1:0] act_i,
    input wire        [2*WEIGHT_WIDTH-1:0] weights_i
);

  wire                             clear_o;
  wire signed [     ACT_WIDTH-1:0] act_o;
  wire        [2*WEIGHT_WIDTH-1:0] weights_o;
  wire        [   2*ACC_WIDTH-1:0] accs_o;

  hg_pe_int_pair #(
      .ACT_WIDTH   (ACT_WIDTH),
      .WEIGHT_WIDTH(WEIGHT_WIDTH),
      .ACC_WIDTH   (ACC_WIDTH)
  ) dut (
      .clk_i    (clk_i),
      .clear_i  (clear_i),
      .act_i    (act_i),
      .weights_i(weights_i),
      .clear_o  (clear_o),
      .act_o    (act_o),
      .weights_o(weights_o),
      .accs_o   (accs_o)
  );

  (* hierconn *) wire [15:0] \dut.u_products.acts_i ;
  (* hierconn *) wire [2*WEIGHT_WIDTH-1:0] \dut.u_products.weights_i ;
  (* hierconn *) wire [31:0] \dut.u_products.products_o ;

  // One cycle ago, and two.
  reg                             clear_1;
  reg                             clear_2;
  reg signed [     ACT_WIDTH-1:0] act_1;
  reg signed [     ACT_WIDTH-1:0] act_2;
  reg        [2*WEIGHT_WIDTH-1:0] weights_1;
  reg        [              31:0] products_1;
  reg        [   2*ACC_WIDTH-1:0] accs_1;

  always @(posedge clk_i) begin
    clear_1    <= clear_i;
    clear_2    <= clear_1;
    act_1      <= act_i;
    act_2      <= act_1;
    weights_1  <= weights_i;
    products_1 <= \dut.u_products.products_o ;
    accs_1     <= accs_o;
  end

  wire signed [ACC_WIDTH-1:0] north_1 = accs_1[0+:ACC_WIDTH];
  wire signed [ACC_WIDTH-1:0] south_1 = accs_1[ACC_WIDTH+:ACC_WIDTH];
  wire signed [15:0] product_north = products_1[15:0];
  wire signed [15:0] product_south = products_1[31:16];
  // Modulo 2^ACC_WIDTH; that no sum of a design reaches it is the proof of its widths.
  wire signed [47:0] north = clear_1 ? 48'sd0 : north_1 + product_north;
  wire signed [47:0] south = clear_2 ? 48'sd0 : south_1 + product_south;

  always @(*) begin
    assert (accs_o[0+:ACC_WIDTH] == north[ACC_WIDTH-1:0]);
    assert (accs_o[ACC_WIDTH+:ACC_WIDTH] == south[ACC_WIDTH-1:0]);
    assert (clear_o == clear_2 && act_o == act_2 && weights_o == weights_1);
    assert (\dut.u_products.acts_i == {act_1, act_i});
    assert (\dut.u_products.weights_i == weights_i);
  end

endmodule

`default_nettype wire
