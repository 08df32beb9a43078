// What hg_product_pair must be, digit by digit of both weights, modulo 2^16, which holds every product: 0 for weights of 0;
// each further digit n adds act * 2^n to its product, and the sign digit takes act * 2^(WEIGHT_WIDTH-1) away. Together that is
// act * weight. Combinational.
`default_nettype none

module hg_product_pair_spec #(
    parameter WEIGHT_WIDTH = 8
) (
    input wire [              15:0] acts_i,
    input wire [2*WEIGHT_WIDTH-1:0] weights_i
);

  localparam DIGITS = WEIGHT_WIDTH - 1;

  wire [WEIGHT_WIDTH-1:0] weight_0 = weights_i[0+:WEIGHT_WIDTH];
  wire [WEIGHT_WIDTH-1:0] weight_1 = weights_i[WEIGHT_WIDTH+:WEIGHT_WIDTH];

  // Products n are of the weights' n lowest digits, the last ones of whole weights.
  wire [32*(DIGITS+2)-1:0] products;

  genvar n;
  genvar k;
  generate
    for (n = 0; n <= DIGITS + 1; n = n + 1) begin : g_digits
      wire [WEIGHT_WIDTH-1:0] digits_0;
      wire [WEIGHT_WIDTH-1:0] digits_1;

      if (n == 0) begin : g_none
        assign digits_0 = {WEIGHT_WIDTH{1'b0}};
        assign digits_1 = {WEIGHT_WIDTH{1'b0}};
      end else if (n <= DIGITS) begin : g_some
        assign digits_0 = {{(WEIGHT_WIDTH - n) {1'b0}}, weight_0[n-1:0]};
        assign digits_1 = {{(WEIGHT_WIDTH - n) {1'b0}}, weight_1[n-1:0]};
      end else begin : g_all
        assign digits_0 = weight_0;
        assign digits_1 = weight_1;
      end

      hg_product_pair #(
          .WEIGHT_WIDTH(WEIGHT_WIDTH)
      ) dut (
          .acts_i    (acts_i),
          .weights_i ({digits_1, digits_0}),
          .products_o(products[32*n+:32])
      );
    end
    for (k = 0; k < 2; k = k + 1) begin : g_product
      wire [WEIGHT_WIDTH-1:0] weight = weights_i[WEIGHT_WIDTH*k+:WEIGHT_WIDTH];
      wire [15:0] act = {{8{acts_i[8*k+7]}}, acts_i[8*k+:8]};

      always @(*) assert (products[16*k+:16] == 0);

      for (n = 0; n <= DIGITS; n = n + 1) begin : g_step
        wire [15:0] lower = products[32*n+16*k+:16];
        wire [15:0] upper = products[32*(n+1)+16*k+:16];

        always @(*) begin
          if (!weight[n]) assert (upper == lower);
          else if (n < DIGITS) assert (upper == lower + (act << n));
          else assert (upper == lower - (act << n));
        end
      end
    end
  endgenerate

endmodule

`default_nettype wire
