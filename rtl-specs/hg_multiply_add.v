// What hg_multiply_add must be, given what hg_digit_product.v proves of a digit, which is cut out: each digit is
// given its two bits of the multiplier (the last one of an odd number repeated) and the carry of the digit below,
// and the multiplicand; and
//
//   sum = addend + sum over digits d of (term + negative) * 4^d    modulo 2^SUM_WIDTH.
//
// A digit's term + negative is value * multiplicand, and the values times 4^d add up to the multiplier, each
// carry of 4 being paid back as the next digit's 1: so the sum is addend + multiplicand * multiplier. Of at most
// four digits. Combinational.
`default_nettype none

module hg_multiply_add_spec #(
    parameter MULTIPLICAND_WIDTH = 8,
    parameter MULTIPLIER_WIDTH   = 8,
    parameter SUM_WIDTH          = 24
) (
    input wire                                 clk_i,
    input wire signed [         SUM_WIDTH-1:0] addend_i,
    input wire signed [MULTIPLICAND_WIDTH-1:0] multiplicand_i,
    input wire signed [  MULTIPLIER_WIDTH-1:0] multiplier_i
);

  localparam DIGITS = (MULTIPLIER_WIDTH + 1) / 2;
  localparam TERM_WIDTH = MULTIPLICAND_WIDTH + 1;
  localparam WIDE = SUM_WIDTH + MULTIPLICAND_WIDTH + MULTIPLIER_WIDTH + 2;

  wire signed [SUM_WIDTH-1:0] sum_o;

  hg_multiply_add #(
      .MULTIPLICAND_WIDTH(MULTIPLICAND_WIDTH),
      .MULTIPLIER_WIDTH  (MULTIPLIER_WIDTH),
      .SUM_WIDTH         (SUM_WIDTH)
  ) dut (
      .addend_i      (addend_i),
      .multiplicand_i(multiplicand_i),
      .multiplier_i  (multiplier_i),
      .sum_o         (sum_o)
  );

  wire signed [7:0] digits = multiplier_i;

  // What every digit is given, and what it gives.
  (* hierconn *) wire \dut.g_digit[0].u_product.high_i ;
  (* hierconn *) wire \dut.g_digit[0].u_product.low_i ;
  (* hierconn *) wire \dut.g_digit[0].u_product.carry_i ;
  (* hierconn *) wire [MULTIPLICAND_WIDTH-1:0] \dut.g_digit[0].u_product.multiplicand_i ;
  (* hierconn *) wire \dut.g_digit[0].u_product.carry_o ;
  (* hierconn *) wire \dut.g_digit[0].u_product.negative_o ;
  (* hierconn *) wire [TERM_WIDTH-1:0] \dut.g_digit[0].u_product.term_o ;
  (* hierconn *) wire \dut.g_digit[1].u_product.high_i ;
  (* hierconn *) wire \dut.g_digit[1].u_product.low_i ;
  (* hierconn *) wire \dut.g_digit[1].u_product.carry_i ;
  (* hierconn *) wire [MULTIPLICAND_WIDTH-1:0] \dut.g_digit[1].u_product.multiplicand_i ;
  (* hierconn *) wire \dut.g_digit[1].u_product.carry_o ;
  (* hierconn *) wire \dut.g_digit[1].u_product.negative_o ;
  (* hierconn *) wire [TERM_WIDTH-1:0] \dut.g_digit[1].u_product.term_o ;
  (* hierconn *) wire \dut.g_digit[2].u_product.high_i ;
  (* hierconn *) wire \dut.g_digit[2].u_product.low_i ;
  (* hierconn *) wire \dut.g_digit[2].u_product.carry_i ;
  (* hierconn *) wire [MULTIPLICAND_WIDTH-1:0] \dut.g_digit[2].u_product.multiplicand_i ;
  (* hierconn *) wire \dut.g_digit[2].u_product.carry_o ;
  (* hierconn *) wire \dut.g_digit[2].u_product.negative_o ;
  (* hierconn *) wire [TERM_WIDTH-1:0] \dut.g_digit[2].u_product.term_o ;
  (* hierconn *) wire \dut.g_digit[3].u_product.high_i ;
  (* hierconn *) wire \dut.g_digit[3].u_product.low_i ;
  (* hierconn *) wire \dut.g_digit[3].u_product.carry_i ;
  (* hierconn *) wire [MULTIPLICAND_WIDTH-1:0] \dut.g_digit[3].u_product.multiplicand_i ;
  (* hierconn *) wire \dut.g_digit[3].u_product.carry_o ;
  (* hierconn *) wire \dut.g_digit[3].u_product.negative_o ;
  (* hierconn *) wire [TERM_WIDTH-1:0] \dut.g_digit[3].u_product.term_o ;

  wire [3:0] highs = {
    \dut.g_digit[3].u_product.high_i ,
    \dut.g_digit[2].u_product.high_i ,
    \dut.g_digit[1].u_product.high_i ,
    \dut.g_digit[0].u_product.high_i 
  };
  wire [3:0] lows = {
    \dut.g_digit[3].u_product.low_i ,
    \dut.g_digit[2].u_product.low_i ,
    \dut.g_digit[1].u_product.low_i ,
    \dut.g_digit[0].u_product.low_i 
  };
  wire [3:0] carries_in = {
    \dut.g_digit[3].u_product.carry_i ,
    \dut.g_digit[2].u_product.carry_i ,
    \dut.g_digit[1].u_product.carry_i ,
    \dut.g_digit[0].u_product.carry_i 
  };
  wire [3:0] carries_out = {
    \dut.g_digit[3].u_product.carry_o ,
    \dut.g_digit[2].u_product.carry_o ,
    \dut.g_digit[1].u_product.carry_o ,
    \dut.g_digit[0].u_product.carry_o 
  };
  wire [3:0] negatives = {
    \dut.g_digit[3].u_product.negative_o ,
    \dut.g_digit[2].u_product.negative_o ,
    \dut.g_digit[1].u_product.negative_o ,
    \dut.g_digit[0].u_product.negative_o 
  };
  wire [4*MULTIPLICAND_WIDTH-1:0] multiplicands = {
    \dut.g_digit[3].u_product.multiplicand_i ,
    \dut.g_digit[2].u_product.multiplicand_i ,
    \dut.g_digit[1].u_product.multiplicand_i ,
    \dut.g_digit[0].u_product.multiplicand_i 
  };
  wire [4*TERM_WIDTH-1:0] terms = {
    \dut.g_digit[3].u_product.term_o ,
    \dut.g_digit[2].u_product.term_o ,
    \dut.g_digit[1].u_product.term_o ,
    \dut.g_digit[0].u_product.term_o 
  };

  genvar d;
  generate
    for (d = 0; d < DIGITS; d = d + 1) begin : g_digit
      // The terms of the digits up to this one, added up.
      wire signed [WIDE-1:0] total;
      wire signed [TERM_WIDTH-1:0] term = terms[d*TERM_WIDTH+:TERM_WIDTH];
      wire signed [WIDE-1:0] wide_term = term;

      if (d == 0) assign total = wide_term + negatives[0];
      else assign total = g_digit[d-1].total + ((wide_term + negatives[d]) <<< (2 * d));

      always @(*) begin
        assert (highs[d] == digits[2*d+1] && lows[d] == digits[2*d]);
        assert (carries_in[d] == (d == 0 ? 1'b0 : carries_out[d > 0 ? d-1 : 0]));
        assert (multiplicands[d*MULTIPLICAND_WIDTH+:MULTIPLICAND_WIDTH] == multiplicand_i);
      end
    end
  endgenerate

  wire signed [WIDE-1:0] expected = addend_i + g_digit[DIGITS-1].total;

  always @(*) assert (sum_o == expected[SUM_WIDTH-1:0]);

endmodule

`default_nettype wire
