// hg_product_pair cut out of a proof: what it is asked can be watched, what it answers is anything.
`default_nettype none

module hg_product_pair #(
    parameter WEIGHT_WIDTH = 8
) (
    input  wire [              15:0] acts_i,
    input  wire [2*WEIGHT_WIDTH-1:0] weights_i,
    output wire [              31:0] products_o
);

  wire unused = &{acts_i, weights_i};

endmodule

`default_nettype wire
