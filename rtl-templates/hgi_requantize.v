// Rescale an integer by multiplier_i / 2^shift:
//
//   data_o = floor((p + 2^(shift-1)) / 2^shift),   p = x_i * multiplier_i
//
// with shift = SHIFT_MIN + select_i. Ties go up, or, with away_i, away from zero (then p is a multiple of
// 2^30). With pre_i the product is rounded to a multiple of 2^31 first, ties up: the "double rounding" of
// TensorFlow Lite is pre_i and away_i, its "single rounding" neither. With add_i, p is
// 2^30 * (x_i * multiplier_i + addend_i), the sum cut to 32 bits.
//
// Latency 4: product; pre-rounding; shift; rounding. All but x_i, multiplier_i and addend_i hold still
// while values are under way; addend_i comes one cycle after x_i.
`default_nettype none

module hgi_requantize #(
    parameter SHIFT_MIN    = 31,  // 1..62
    parameter SELECT_WIDTH = 5,
    parameter OUT_WIDTH    = 33   // must hold the result
) (
    input  wire                           clk_i,
    input  wire signed [            31:0] x_i,
    input  wire signed [            31:0] multiplier_i,
    input  wire        [SELECT_WIDTH-1:0] select_i,
    input  wire                           pre_i,
    input  wire                           away_i,
    input  wire                           add_i,
    input  wire        [            31:0] addend_i,
    output wire signed [            63:0] product_o,    // latency 1
    output reg  signed [   OUT_WIDTH-1:0] data_o
);

  localparam DROPPED = SHIFT_MIN - 1;
  localparam KEPT_WIDTH = 64 - DROPPED;
  localparam [KEPT_WIDTH-1:0] ONE = 1;

  reg signed [63:0] product_q;
  reg signed [63:0] rounded_q;

  assign product_o = product_q;

  wire signed [32:0] high = product_q[63:31] + {32'd0, product_q[30]};
  wire [31:0] sum = product_q[31:0] + addend_i;

  always @(posedge clk_i) begin
    product_q <= x_i * multiplier_i;
    if (add_i) rounded_q <= {{2{sum[31]}}, sum, 30'd0};
    else if (pre_i) rounded_q <= {high, 31'd0};
    else rounded_q <= product_q;
  end

  // floor((p + 2^(s-1)) / 2^s) = (floor(p / 2^(s-1)) + 1) >> 1. A negative p halfway between two integers
  // leaves nothing behind when it is divided by 2^(s-1): without the 1 it goes down.
  reg signed [KEPT_WIDTH-1:0] halves;
  reg is_inexact;
  integer n;

  wire is_inexact_below;

  generate
    if (DROPPED > 30) begin : g_below
      assign is_inexact_below = |rounded_q[DROPPED-1:30];
    end else begin : g_none
      assign is_inexact_below = 1'b0;
    end
    if (DROPPED > 0) begin : g_unused
      wire unused = &rounded_q[DROPPED-1:0];
    end
  endgenerate

  always @(*) begin
    halves     = rounded_q[63:DROPPED];
    is_inexact = is_inexact_below;
    for (n = 0; n < SELECT_WIDTH; n = n + 1) begin
      if (select_i[n]) begin
        is_inexact = is_inexact || |(halves & ~({KEPT_WIDTH{1'b1}} << (ONE << n)));
        halves     = halves >>> (ONE << n);
      end
    end
  end

  reg signed [OUT_WIDTH:0] halves_q;
  reg up_q;

  wire signed [OUT_WIDTH:0] twice = halves_q + {{OUT_WIDTH{1'b0}}, up_q};

  always @(posedge clk_i) begin
    halves_q <= halves[OUT_WIDTH:0];
    up_q     <= !(away_i && halves[KEPT_WIDTH-1] && !is_inexact);
    data_o   <= twice[OUT_WIDTH:1];
  end

  wire unused = &{halves, twice[0]};

endmodule

`default_nettype wire
