// A byte of five trits, base 3, the first the least: byte = d0 + 3 d1 + 9 d2 + 27 d3 + 81 d4, where a digit d of 0, 1, 2
// stands for the weight 0, +1, -1. trits_o has them as the array reads weights, in two's complement, {negative, nonzero}.
// Bytes of 243 and more, which no five trits make, give trits that mean nothing.
`default_nettype none

module hg_trits (
    input  wire [7:0] byte_i,
    output wire [9:0] trits_o
);

  // Digit by digit from the highest: what is left is less than the digit's place.
  wire       two_4 = byte_i >= 8'd162;
  wire       one_4 = !two_4 && byte_i >= 8'd81;
  wire [7:0] left_4 = byte_i - (two_4 ? 8'd162 : one_4 ? 8'd81 : 8'd0);
  wire [6:0] rest_4 = left_4[6:0];
  wire       two_3 = rest_4 >= 7'd54;
  wire       one_3 = !two_3 && rest_4 >= 7'd27;
  wire [6:0] left_3 = rest_4 - (two_3 ? 7'd54 : one_3 ? 7'd27 : 7'd0);
  wire [4:0] rest_3 = left_3[4:0];
  wire       two_2 = rest_3 >= 5'd18;
  wire       one_2 = !two_2 && rest_3 >= 5'd9;
  wire [4:0] left_2 = rest_3 - (two_2 ? 5'd18 : one_2 ? 5'd9 : 5'd0);
  wire [3:0] rest_2 = left_2[3:0];
  wire       two_1 = rest_2 >= 4'd6;
  wire       one_1 = !two_1 && rest_2 >= 4'd3;
  wire [3:0] left_1 = rest_2 - (two_1 ? 4'd6 : one_1 ? 4'd3 : 4'd0);
  wire       two_0 = left_1[1];
  wire       one_0 = left_1[0];

  assign trits_o = {
    {two_4, two_4 || one_4},
    {two_3, two_3 || one_3},
    {two_2, two_2 || one_2},
    {two_1, two_1 || one_1},
    {two_0, two_0 || one_0}
  };

  wire unused = &{left_4[7], left_3[6:5], left_2[4], left_1[3:2]};

endmodule

`default_nettype wire
