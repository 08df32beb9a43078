// What hg_pe_int multiplies, digit by digit of the weight, modulo 2^(ACT_WIDTH+WEIGHT_WIDTH), which holds every
// product: 0 for the weight 0; each further digit n adds act * 2^n, and the sign digit takes
// act * 2^(WEIGHT_WIDTH-1) away. Together that is act * weight. Combinational.
`default_nettype none

module hg_pe_int_product_spec #(
    parameter ACT_WIDTH    = 8,
    parameter WEIGHT_WIDTH = 8,
    parameter ACC_WIDTH    = 24
) (
    input wire                           clk_i,
    input wire signed [   ACT_WIDTH-1:0] act_i,
    input wire signed [WEIGHT_WIDTH-1:0] weight_i
);

  localparam WIDTH = ACT_WIDTH + WEIGHT_WIDTH;
  localparam DIGITS = WEIGHT_WIDTH - 1;

  // Product n is of the weight's n lowest digits, the last one of the whole weight.
  wire [WIDTH*(DIGITS+2)-1:0] products;
  wire signed [WIDTH-1:0] act = act_i;

  genvar n;
  generate
    for (n = 0; n <= DIGITS + 1; n = n + 1) begin : g_digits
      wire [WEIGHT_WIDTH-1:0] digits;

      if (n == 0) assign digits = {WEIGHT_WIDTH{1'b0}};
      else if (n <= DIGITS) assign digits = {{(WEIGHT_WIDTH - n) {1'b0}}, weight_i[n-1:0]};
      else assign digits = weight_i;

      hg_pe_int #(
          .ACT_WIDTH   (ACT_WIDTH),
          .WEIGHT_WIDTH(WEIGHT_WIDTH),
          .ACC_WIDTH   (ACC_WIDTH)
      ) dut (
          .clk_i   (clk_i),
          .clear_i (1'b0),
          .act_i   (act_i),
          .weight_i(digits)
      );

      (* hierconn *) wire [WIDTH-1:0] \dut.g_product.product ;
      assign products[n*WIDTH+:WIDTH] = \dut.g_product.product ;
    end
    for (n = 0; n <= DIGITS; n = n + 1) begin : g_step
      wire [WIDTH-1:0] lower = products[n*WIDTH+:WIDTH];
      wire [WIDTH-1:0] upper = products[(n+1)*WIDTH+:WIDTH];

      always @(*) begin
        if (!weight_i[n]) assert (upper == lower);
        else if (n < DIGITS) assert (upper == lower + (act << n));
        else assert (upper == lower - (act << n));
      end
    end
  endgenerate

  always @(*) assert (products[0+:WIDTH] == 0);

endmodule

`default_nettype wire
