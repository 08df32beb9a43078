// What hg_requantize must be, three cycles after its inputs:
//
//   q = saturate(floor((acc * multiplier + 2^(shift-1)) / 2^shift) + bias)        to -32768..32767
//
// with shift = SHIFT_MIN + select; a shift below 1 is a multiplication by 2^-shift (docs/arithmetic.md, "The row
// scale is exact"). What the unit multiplies is proved apart (hg_requantize_product.v); here the product is anything
// that the register behind it may hold.
`default_nettype none

module hg_requantize_spec #(
    parameter ACC_WIDTH        = 16,
    parameter MULTIPLIER_WIDTH = 8,
    parameter signed [31:0] SHIFT_MIN = 8,
    parameter SELECT_WIDTH     = 1
) (
    input wire                        clk_i,
    input wire signed [ACC_WIDTH-1:0] acc_i,
    input wire [(MULTIPLIER_WIDTH > 0 ? MULTIPLIER_WIDTH : 1)-1:0] multiplier_i,
    input wire [(SELECT_WIDTH > 0 ? SELECT_WIDTH : 1)-1:0] select_i,
    input wire signed [         15:0] bias_i
);

  localparam PRODUCT_WIDTH = ACC_WIDTH + MULTIPLIER_WIDTH;
  // Room for a shift to the left by 6, and for the half of 2^25 that is added before a shift to the right.
  localparam WIDE = (PRODUCT_WIDTH > 25 ? PRODUCT_WIDTH : 25) + 8;
  localparam signed [WIDE-1:0] ONE = 1;

  wire signed [15:0] data_o;

  hg_requantize #(
      .ACC_WIDTH       (ACC_WIDTH),
      .MULTIPLIER_WIDTH(MULTIPLIER_WIDTH),
      .SHIFT_MIN       (SHIFT_MIN),
      .SELECT_WIDTH    (SELECT_WIDTH)
  ) dut (
      .clk_i       (clk_i),
      .acc_i       (acc_i),
      .multiplier_i(multiplier_i),
      .select_i    (select_i),
      .bias_i      (bias_i),
      .data_o      (data_o)
  );

  // The product, a cycle after its operands.
  (* hierconn *) wire [PRODUCT_WIDTH-1:0] \dut.product_q ;

  // Inputs of one, two and three cycles ago.
  wire signed [PRODUCT_WIDTH-1:0] product = \dut.product_q ;
  reg signed  [PRODUCT_WIDTH-1:0] product_1, product_2;
  reg signed  [    ACC_WIDTH-1:0] acc_1;
  reg signed  [             15:0] bias_1, bias_2, bias_3;
  reg         [             31:0] select_1, select_2, select_3;

  always @(posedge clk_i) begin
    acc_1     <= acc_i;
    product_1 <= product;
    product_2 <= product_1;
    bias_1    <= bias_i;
    bias_2    <= bias_1;
    bias_3    <= bias_2;
    select_1  <= SELECT_WIDTH > 0 ? select_i : 0;
    select_2  <= select_1;
    select_3  <= select_2;
  end

  integer shift;
  reg signed [WIDE-1:0] wide;
  reg signed [WIDE-1:0] scaled;
  reg signed [WIDE-1:0] sum;
  reg signed [15:0] expected;

  always @(*) begin
    shift = SHIFT_MIN + $signed(select_3);
    wide  = product_2;
    if (shift < 1) scaled = wide <<< -shift;
    else scaled = (wide + (ONE <<< (shift - 1))) >>> shift;
    sum = scaled + bias_3;
    if (sum > 32767) expected = 16'sd32767;
    else if (sum < -32768) expected = -16'sd32768;
    else expected = sum[15:0];
    assert (MULTIPLIER_WIDTH > 0 || product == acc_1);
    assert (data_o == expected);
  end

endmodule

`default_nettype wire
