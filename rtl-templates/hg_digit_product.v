// One radix-4 digit of a multiplier times the multiplicand. Two bits of the multiplier and the carry of the
// digit below, 2 high_i + low_i + carry_i = 0..4, are written as value + 4 carry_o with a value of -2, -1, 0
// or 1, which one LUT with four inputs selects for each bit. The top digit has no carry; there high_i is the
// sign, and its value -2 high_i + low_i + carry_i is -2..2.
//
//   value * multiplicand_i = term_o + negative_o
//
// term_o being the complement where the value is negative: the one that is missing enters the sum of the
// terms as a carry. Combinational.
`default_nettype none

module hg_digit_product #(
    parameter WIDTH  = 8,  // multiplicand bits, signed
    parameter IS_TOP = 0
) (
    input  wire                    high_i,
    input  wire                    low_i,
    input  wire                    carry_i,
    input  wire signed [WIDTH-1:0] multiplicand_i,
    output wire                    carry_o,
    output wire                    negative_o,
    output wire signed [  WIDTH:0] term_o
);

  wire signed [WIDTH:0] once = {multiplicand_i[WIDTH-1], multiplicand_i};
  wire signed [WIDTH:0] twice = {multiplicand_i, 1'b0};
  wire                  is_odd = low_i ^ carry_i;
  wire                  is_full = low_i && carry_i;

  generate
    if (IS_TOP != 0) begin : g_top
      wire                  is_two = (high_i ^ is_full) && !is_odd;
      wire signed [WIDTH:0] magnitude = is_two ? twice : once & {(WIDTH + 1) {is_odd}};

      assign carry_o    = 1'b0;
      assign negative_o = high_i && !is_full;
      assign term_o     = magnitude ^ {(WIDTH + 1) {negative_o}};
    end else begin : g_inner
      assign carry_o    = high_i || is_full;
      assign negative_o = high_i ^ is_full;
      assign term_o     = negative_o ? (is_odd ? ~once : ~twice) : once & {(WIDTH + 1) {is_odd}};
    end
  endgenerate

endmodule

`default_nettype wire
