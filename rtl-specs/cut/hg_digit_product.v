// hg_digit_product cut out of a proof: what it is given can be watched, its term and carry are anything.
`default_nettype none

module hg_digit_product #(
    parameter WIDTH  = 8,
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

  wire unused = &{high_i, low_i, carry_i, multiplicand_i};

endmodule

`default_nettype wire
