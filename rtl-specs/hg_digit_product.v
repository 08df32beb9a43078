// What hg_digit_product must be: term + negative is the digit's value times the multiplicand, the value being
// 2 high + low + carry, without the 4 that an inner digit hands to the next as its carry, and -2..1 then; at the
// top, where high is the sign, -2 high + low + carry. Combinational.
`default_nettype none

module hg_digit_product_spec #(
    parameter WIDTH  = 8,
    parameter IS_TOP = 0
) (
    input wire                    high_i,
    input wire                    low_i,
    input wire                    carry_i,
    input wire signed [WIDTH-1:0] multiplicand_i
);

  wire                  carry_o;
  wire                  negative_o;
  wire signed [WIDTH:0] term_o;

  hg_digit_product #(
      .WIDTH (WIDTH),
      .IS_TOP(IS_TOP)
  ) dut (
      .high_i        (high_i),
      .low_i         (low_i),
      .carry_i       (carry_i),
      .multiplicand_i(multiplicand_i),
      .carry_o       (carry_o),
      .negative_o    (negative_o),
      .term_o        (term_o)
  );

  integer value;
  reg signed [47:0] multiplicand;
  reg signed [47:0] expected;
  reg signed [47:0] actual;

  always @(*) begin
    value = IS_TOP != 0 ? low_i + carry_i : 2 * high_i + low_i + carry_i;
    if (IS_TOP != 0 && high_i) value = value - 2;
    if (carry_o) value = value - 4;

    multiplicand = multiplicand_i;
    case (value)
      -2: expected = -multiplicand - multiplicand;
      -1: expected = -multiplicand;
      1: expected = multiplicand;
      2: expected = multiplicand + multiplicand;
      default: expected = 0;
    endcase

    actual = term_o;
    if (negative_o) actual = actual + 1;

    assert (value >= -2 && value <= (IS_TOP != 0 ? 2 : 1));
    assert (IS_TOP == 0 || !carry_o);
    assert (actual == expected);
  end

endmodule

`default_nettype wire
