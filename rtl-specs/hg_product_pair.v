// What hg_product_pair must be: each product by hand, one digit of the weight after the other, the sign's digit taken away.
`default_nettype none

module hg_product_pair_spec #(
    parameter WEIGHT_WIDTH = 8
) (
    input wire [              15:0] acts_i,
    input wire [2*WEIGHT_WIDTH-1:0] weights_i
);

  wire [31:0] products_o;

  hg_product_pair #(
      .WEIGHT_WIDTH(WEIGHT_WIDTH)
  ) dut (
      .acts_i    (acts_i),
      .weights_i (weights_i),
      .products_o(products_o)
  );

  integer n;
  integer digit;
  reg signed [15:0] act;
  reg signed [15:0] sum;
  reg right;

  always @(*) begin
    right = 1'b1;
    for (n = 0; n < 2; n = n + 1) begin
      act = {{8{acts_i[8*n+7]}}, acts_i[8*n+:8]};
      sum = 16'sd0;
      for (digit = 0; digit < WEIGHT_WIDTH - 1; digit = digit + 1) begin
        if (weights_i[WEIGHT_WIDTH*n+digit]) sum = sum + (act <<< digit);
      end
      if (weights_i[WEIGHT_WIDTH*n+WEIGHT_WIDTH-1]) sum = sum - (act <<< (WEIGHT_WIDTH - 1));
      right = right && products_o[16*n+:16] == sum;
    end
    assert (right);
  end

endmodule

`default_nettype wire
