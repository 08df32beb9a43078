// sum_o = addend_i + multiplicand_i * multiplier_i without a multiplier block, modulo 2^SUM_WIDTH: one term
// for each radix-4 digit of the multiplier (hg_digit_product.v), added up from the lowest. Every adder begins
// where its term does, and takes the one that a negative term lacks as its carry; that of the lowest term
// is the carry of the last adder, which adds the addend. Combinational.
`default_nettype none

module hg_multiply_add #(
    parameter MULTIPLICAND_WIDTH = 8,  // signed
    parameter MULTIPLIER_WIDTH   = 8,  // signed, 2 or more
    parameter SUM_WIDTH          = 24  // signed
) (
    input  wire signed [         SUM_WIDTH-1:0] addend_i,
    input  wire signed [MULTIPLICAND_WIDTH-1:0] multiplicand_i,
    input  wire signed [  MULTIPLIER_WIDTH-1:0] multiplier_i,
    output wire signed [         SUM_WIDTH-1:0] sum_o
);

  localparam DIGITS = (MULTIPLIER_WIDTH + 1) / 2;
  localparam TERM_WIDTH = MULTIPLICAND_WIDTH + 1;
  // Holds the terms of all digits, whatever they are.
  localparam PRODUCT_WIDTH = MULTIPLICAND_WIDTH + 2 * DIGITS;

  // A last digit of one bit repeats it.
  wire [MULTIPLIER_WIDTH:0] digits = {multiplier_i[MULTIPLIER_WIDTH-1], multiplier_i};
  wire [          DIGITS:0] carry;
  wire [        DIGITS-1:0] negative;

  assign carry[0] = 1'b0;

  genvar d;
  generate
    for (d = 0; d < DIGITS; d = d + 1) begin : g_digit
      localparam LOW = 2 * d;
      // Bits of the terms so far, added up: the product's, from the last digit on.
      localparam WIDTH = d < DIGITS - 1 ? TERM_WIDTH + LOW + 1 : PRODUCT_WIDTH;

      wire signed [TERM_WIDTH-1:0] term;
      wire        [     WIDTH-1:0] total;

      hg_digit_product #(
          .WIDTH (MULTIPLICAND_WIDTH),
          // A lowest digit that is the only one has no carry to take.
          .IS_TOP(d > 0 && d == DIGITS - 1 ? 1 : 0)
      ) u_product (
          .high_i        (digits[LOW+1]),
          .low_i         (digits[LOW]),
          .carry_i       (carry[d]),
          .multiplicand_i(multiplicand_i),
          .carry_o       (carry[d+1]),
          .negative_o    (negative[d]),
          .term_o        (term)
      );

      wire [WIDTH-LOW-1:0] wide_term = {
        {(WIDTH - LOW - TERM_WIDTH) {term[TERM_WIDTH-1]}}, term
      };

      if (d == 0) begin : g_first
        assign total = wide_term;
      end else begin : g_add
        localparam BELOW = TERM_WIDTH + LOW - 1;
        wire [BELOW-1:0] below = g_digit[d-1].total;
        wire dropped;

        assign total[LOW-1:0] = below[LOW-1:0];
        // One extra bit at the bottom carries the missing one in.
        assign {total[WIDTH-1:LOW], dropped} =
            {{(WIDTH - BELOW) {below[BELOW-1]}}, below[BELOW-1:LOW], 1'b1} +
            {wide_term, negative[d]};
        wire unused = dropped;
      end
    end
  endgenerate

  localparam WIDE = PRODUCT_WIDTH + SUM_WIDTH;
  wire [PRODUCT_WIDTH-1:0] product = g_digit[DIGITS-1].total;
  wire [WIDE-1:0] wide = {{SUM_WIDTH{product[PRODUCT_WIDTH-1]}}, product};
  wire dropped;

  assign {sum_o, dropped} = {addend_i, 1'b1} + {wide[SUM_WIDTH-1:0], negative[0]};

  wire unused = &{dropped, wide[WIDE-1:SUM_WIDTH], carry[DIGITS]};

endmodule

`default_nettype wire
