// Rescale an accumulator, add the bias, saturate to 16 bits:
//
//   data_o = saturate(floor((acc_i * multiplier_i + 2^(shift-1)) / 2^shift) + bias_i)
//
// with shift = SHIFT_MIN + select_i. Rounds half up. Latency 3: the product; shift and round;
// bias and saturation.
`default_nettype none

module hg_requantize #(
    parameter ACC_WIDTH        = 16,
    parameter MULTIPLIER_WIDTH = 8,
    parameter SHIFT_MIN        = 8,
    parameter SELECT_WIDTH     = 1
) (
    input  wire                               clk_i,
    input  wire signed [       ACC_WIDTH-1:0] acc_i,
    input  wire        [MULTIPLIER_WIDTH-1:0] multiplier_i,  // unsigned
    input  wire        [    SELECT_WIDTH-1:0] select_i,
    input  wire signed [                15:0] bias_i,
    output reg  signed [                15:0] data_o
);

  localparam PRODUCT_WIDTH = ACC_WIDTH + MULTIPLIER_WIDTH;
  // Room for the bias and for rounding up; at least one bit above 16, to see an overflow.
  localparam SUM_WIDTH = (PRODUCT_WIDTH > 17 ? PRODUCT_WIDTH : 17) + 1;

  wire signed [MULTIPLIER_WIDTH:0] multiplier = {1'b0, multiplier_i};

  reg signed [PRODUCT_WIDTH-1:0] product_q;
  reg        [ SELECT_WIDTH-1:0] select_q;
  reg signed [    SUM_WIDTH-1:0] rounded_q;
  reg signed [             15:0] bias_q   [0:1];

  // |acc| * multiplier < 2^(ACC_WIDTH-1) * 2^MULTIPLIER_WIDTH: the product's top bit repeats its sign.
  wire signed [PRODUCT_WIDTH:0] product = acc_i * multiplier;

  // floor((p + 2^(s-1)) / 2^s) = (floor(p / 2^(s-1)) + 1) >> 1
  localparam signed [SUM_WIDTH-1:0] ONE = 1;

  wire signed [SUM_WIDTH-1:0] wide = {
    {(SUM_WIDTH - PRODUCT_WIDTH) {product_q[PRODUCT_WIDTH-1]}}, product_q
  };
  wire signed [SUM_WIDTH-1:0] halves = (wide >>> (SHIFT_MIN - 1)) >>> select_q;
  wire signed [SUM_WIDTH-1:0] bias = {{(SUM_WIDTH - 16) {bias_q[1][15]}}, bias_q[1]};
  wire signed [SUM_WIDTH-1:0] sum = rounded_q + bias;

  wire overflows = sum[SUM_WIDTH-1:15] != {(SUM_WIDTH - 15) {sum[SUM_WIDTH-1]}};

  always @(posedge clk_i) begin
    product_q <= product[PRODUCT_WIDTH-1:0];
    select_q  <= select_i;
    bias_q[0] <= bias_i;
    rounded_q <= (halves + ONE) >>> 1;
    bias_q[1] <= bias_q[0];
    if (overflows) data_o <= {sum[SUM_WIDTH-1], {15{~sum[SUM_WIDTH-1]}}};
    else data_o <= sum[15:0];
  end

  wire unused = product[PRODUCT_WIDTH];

endmodule

`default_nettype wire
