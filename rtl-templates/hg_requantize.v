// Rescale a sum, add the bias, saturate to 16 bits:
//
//   data_o = saturate(floor((acc_i * multiplier_i + 2^(shift-1)) / 2^shift) + bias_i)
//
// with shift = SHIFT_MIN + select_i. Rounds half up. Latency 3: the product; shift and round;
// bias and saturation.
`default_nettype none

module hg_requantize #(
    parameter ACC_WIDTH        = 16,
    parameter MULTIPLIER_WIDTH = 8,   // 0: the multiplier is 1
    parameter SHIFT_MIN        = 8,
    parameter SELECT_WIDTH     = 1    // 0: the shift is SHIFT_MIN
) (
    input  wire                        clk_i,
    input  wire signed [ACC_WIDTH-1:0] acc_i,
    input  wire [(MULTIPLIER_WIDTH > 0 ? MULTIPLIER_WIDTH : 1)-1:0] multiplier_i,  // unsigned
    input  wire [(SELECT_WIDTH > 0 ? SELECT_WIDTH : 1)-1:0] select_i,
    input  wire signed [         15:0] bias_i,
    output reg  signed [         15:0] data_o
);

  localparam PRODUCT_WIDTH = ACC_WIDTH + MULTIPLIER_WIDTH;
  // A left shift where the smallest shift is below 1.
  localparam LEFT = SHIFT_MIN < 1 ? 1 - SHIFT_MIN : 0;
  localparam RIGHT = SHIFT_MIN < 1 ? 0 : SHIFT_MIN - 1;
  localparam WIDE = PRODUCT_WIDTH + LEFT;
  // Room for the bias and for rounding up; at least one bit above 16, to see an overflow.
  localparam SUM_WIDTH = (WIDE > 17 ? WIDE : 17) + 1;

  reg signed [PRODUCT_WIDTH-1:0] product_q;
  reg signed [    SUM_WIDTH-1:0] rounded_q;
  reg signed [             15:0] bias_q   [0:1];

  generate
    if (MULTIPLIER_WIDTH > 0) begin : g_multiplier
      wire signed [MULTIPLIER_WIDTH:0] multiplier = {1'b0, multiplier_i};
      // |acc| * multiplier < 2^(ACC_WIDTH-1) * 2^MULTIPLIER_WIDTH: the product's top bit repeats its sign.
      wire signed [PRODUCT_WIDTH:0] product = acc_i * multiplier;
      always @(posedge clk_i) product_q <= product[PRODUCT_WIDTH-1:0];
      wire unused = product[PRODUCT_WIDTH];
    end else begin : g_one
      always @(posedge clk_i) product_q <= acc_i;
      wire unused = multiplier_i;
    end
  endgenerate

  // floor((p + 2^(s-1)) / 2^s) = (floor(p / 2^(s-1)) + 1) >> 1
  localparam signed [SUM_WIDTH-1:0] ONE = 1;

  wire signed [SUM_WIDTH-1:0] wide = {
    {(SUM_WIDTH - PRODUCT_WIDTH) {product_q[PRODUCT_WIDTH-1]}}, product_q
  };
  wire signed [SUM_WIDTH-1:0] doubles = wide <<< LEFT;
  wire signed [SUM_WIDTH-1:0] halves;

  generate
    if (SELECT_WIDTH > 0) begin : g_select
      reg [SELECT_WIDTH-1:0] select_q;
      always @(posedge clk_i) select_q <= select_i;
      assign halves = (doubles >>> RIGHT) >>> select_q;
    end else begin : g_fixed
      assign halves = doubles >>> RIGHT;
      wire unused = select_i;
    end
  endgenerate

  wire signed [SUM_WIDTH-1:0] bias = {{(SUM_WIDTH - 16) {bias_q[1][15]}}, bias_q[1]};
  wire signed [SUM_WIDTH-1:0] sum = rounded_q + bias;

  wire overflows = sum[SUM_WIDTH-1:15] != {(SUM_WIDTH - 15) {sum[SUM_WIDTH-1]}};

  always @(posedge clk_i) begin
    bias_q[0] <= bias_i;
    rounded_q <= (halves + ONE) >>> 1;
    bias_q[1] <= bias_q[0];
    if (overflows) data_o <= {sum[SUM_WIDTH-1], {15{~sum[SUM_WIDTH-1]}}};
    else data_o <= sum[15:0];
  end

endmodule

`default_nettype wire
