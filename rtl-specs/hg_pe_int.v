// What a processing element for weights of two's complement must do in a step. An inductive step from any state:
// the next accumulator is 0 after a clear, else acc + product. The product is proved apart: hg_pe_int_product.v.
`default_nettype none

module hg_pe_int_spec #(
    parameter ACT_WIDTH    = 8,
    parameter WEIGHT_WIDTH = 4,
    parameter ACC_WIDTH    = 24
) (
    input wire                        clk_i,
    input wire                        clear_i,
    input wire signed [ACT_WIDTH-1:0] act_i,
    input wire  signed [WEIGHT_WIDTH-1:0] weight_i
);

  wire                        clear_o;
  wire signed [ACT_WIDTH-1:0] act_o;
  wire  signed [WEIGHT_WIDTH-1:0] weight_o;
  wire signed [ACC_WIDTH-1:0] acc_o;

  hg_pe_int #(
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

  // The cycle before.
  reg                        clear_p;
  reg signed [ACT_WIDTH-1:0] act_p;
  reg  signed [WEIGHT_WIDTH-1:0] weight_p;
  reg signed [ACC_WIDTH-1:0] acc_p;

  always @(posedge clk_i) begin
    clear_p  <= clear_i;
    act_p    <= act_i;
    weight_p <= weight_i;
    acc_p    <= acc_o;
  end

  // The product is what hg_pe_int_product.v proves it to be; here it is anything.
  (* hierconn *) wire [ACT_WIDTH+WEIGHT_WIDTH-1:0] \dut.g_product.product ;
  wire signed [ACT_WIDTH+WEIGHT_WIDTH-1:0] product_d = \dut.g_product.product ;
  reg signed  [ACT_WIDTH+WEIGHT_WIDTH-1:0] product;

  always @(posedge clk_i) product <= product_d;

  // Modulo 2^ACC_WIDTH; that no sum of this design reaches it is the proof of its widths.
  wire signed [47:0] sum = clear_p ? 48'sd0 : acc_p + product;
  wire signed [ACC_WIDTH-1:0] expected = sum[ACC_WIDTH-1:0];

  always @(*) begin
    assert (acc_o == expected);
    assert (clear_o == clear_p && act_o == act_p && weight_o == weight_p);
  end

endmodule

`default_nettype wire
