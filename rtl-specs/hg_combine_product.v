// What hg_combine multiplies, digit by digit of the factor, modulo 2^(ACC_WIDTH+FACTOR_WIDTH), which holds
// every product: 0 for the factor 0; each further digit n adds acc * 2^n. Together that is acc * factor. A cycle
// after its operands.
`default_nettype none

module hg_combine_product_spec #(
    parameter ACC_WIDTH = 16,
    parameter FACTOR_WIDTH = 8
) (
    input wire                        clk_i,
    input wire signed [ACC_WIDTH-1:0] acc_i,
    input wire        [FACTOR_WIDTH-1:0] factor_i
);

  localparam WIDTH = ACC_WIDTH + FACTOR_WIDTH;

  // Product n is of the n lowest digits.
  wire [WIDTH*(FACTOR_WIDTH+1)-1:0] products;
  reg signed [WIDTH-1:0] acc;
  reg [FACTOR_WIDTH-1:0] factor;

  always @(posedge clk_i) begin
    acc <= acc_i;
    factor <= factor_i;
  end

  genvar n;
  generate
    for (n = 0; n <= FACTOR_WIDTH; n = n + 1) begin : g_digits
      wire [FACTOR_WIDTH-1:0] digits;

      if (n == 0) assign digits = {FACTOR_WIDTH{1'b0}};
      else if (n == FACTOR_WIDTH) assign digits = factor_i;
      else assign digits = {{(FACTOR_WIDTH - n) {1'b0}}, factor_i[n-1:0]};

      hg_combine #(
          .ACC_WIDTH(ACC_WIDTH),
          .FACTOR_WIDTH(FACTOR_WIDTH)
      ) dut (
          .clk_i(clk_i),
          .acc_i(acc_i),
          .factor_i(digits)
      );

      (* hierconn *) wire [WIDTH-1:0] \dut.product_q ;
      assign products[n*WIDTH+:WIDTH] = \dut.product_q ;
    end
    for (n = 0; n < FACTOR_WIDTH; n = n + 1) begin : g_step
      wire [WIDTH-1:0] lower = products[n*WIDTH+:WIDTH];
      wire [WIDTH-1:0] upper = products[(n+1)*WIDTH+:WIDTH];

      always @(*) assert (upper == (factor[n] ? lower + (acc << n) : lower));
    end
  endgenerate

  always @(*) assert (products[0+:WIDTH] == 0);

endmodule

`default_nettype wire
