// What hg_requantize multiplies, digit by digit of the multiplier, modulo 2^(ACC_WIDTH+MULTIPLIER_WIDTH), which holds
// every product: 0 for the multiplier 0; each further digit n adds acc * 2^n. Together that is acc * multiplier. A cycle
// after its operands.
`default_nettype none

module hg_requantize_product_spec #(
    parameter ACC_WIDTH = 16,
    parameter MULTIPLIER_WIDTH = 8
) (
    input wire                        clk_i,
    input wire signed [ACC_WIDTH-1:0] acc_i,
    input wire        [MULTIPLIER_WIDTH-1:0] multiplier_i
);

  localparam WIDTH = ACC_WIDTH + MULTIPLIER_WIDTH;

  // Product n is of the n lowest digits.
  wire [WIDTH*(MULTIPLIER_WIDTH+1)-1:0] products;
  reg signed [WIDTH-1:0] acc;
  reg [MULTIPLIER_WIDTH-1:0] multiplier;

  always @(posedge clk_i) begin
    acc <= acc_i;
    multiplier <= multiplier_i;
  end

  genvar n;
  generate
    for (n = 0; n <= MULTIPLIER_WIDTH; n = n + 1) begin : g_digits
      wire [MULTIPLIER_WIDTH-1:0] digits;

      if (n == 0) assign digits = {MULTIPLIER_WIDTH{1'b0}};
      else if (n == MULTIPLIER_WIDTH) assign digits = multiplier_i;
      else assign digits = {{(MULTIPLIER_WIDTH - n) {1'b0}}, multiplier_i[n-1:0]};

      hg_requantize #(
          .ACC_WIDTH(ACC_WIDTH),
          .MULTIPLIER_WIDTH(MULTIPLIER_WIDTH)
      ) dut (
          .clk_i(clk_i),
          .acc_i(acc_i),
          .multiplier_i(digits)
      );

      (* hierconn *) wire [WIDTH-1:0] \dut.product_q ;
      assign products[n*WIDTH+:WIDTH] = \dut.product_q ;
    end
    for (n = 0; n < MULTIPLIER_WIDTH; n = n + 1) begin : g_step
      wire [WIDTH-1:0] lower = products[n*WIDTH+:WIDTH];
      wire [WIDTH-1:0] upper = products[(n+1)*WIDTH+:WIDTH];

      always @(*) assert (upper == (multiplier[n] ? lower + (acc << n) : lower));
    end
  endgenerate

  always @(*) assert (products[0+:WIDTH] == 0);

endmodule

`default_nettype wire
