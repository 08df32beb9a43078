// What hg_pe_stationary_int multiplies, digit by digit of the weight in use, modulo 2^(ACT_WIDTH+WEIGHT_WIDTH), which
// holds every product: 0 for the weight 0; each further digit n adds act * 2^n, and the sign digit takes
// act * 2^(WEIGHT_WIDTH-1) away. Together that is act * weight. From any state: a weight comes into use two cycles after
// it is there to be shifted in.
`default_nettype none

module hg_pe_stationary_int_product_spec #(
    parameter ACT_WIDTH    = 8,
    parameter WEIGHT_WIDTH = 8,
    parameter SUM_WIDTH    = 24
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

  // The weight in use.
  reg [1:0] age = 2'd0;
  reg [WEIGHT_WIDTH-1:0] waiting, weight;

  always @(posedge clk_i) begin
    waiting <= weight_i;
    weight  <= waiting;
    if (age != 2'd2) age <= age + 2'd1;
  end

  genvar n;
  generate
    for (n = 0; n <= DIGITS + 1; n = n + 1) begin : g_digits
      wire [WEIGHT_WIDTH-1:0] digits;

      if (n == 0) assign digits = {WEIGHT_WIDTH{1'b0}};
      else if (n <= DIGITS) assign digits = {{(WEIGHT_WIDTH - n) {1'b0}}, weight_i[n-1:0]};
      else assign digits = weight_i;

      hg_pe_stationary_int #(
          .ACT_WIDTH   (ACT_WIDTH),
          .WEIGHT_WIDTH(WEIGHT_WIDTH),
          .SUM_WIDTH   (SUM_WIDTH)
      ) dut (
          .clk_i   (clk_i),
          .swap_i  (1'b1),
          .shift_i (1'b1),
          .weight_i(digits),
          .psum_i  ({SUM_WIDTH{1'b0}}),
          .act_i   (act_i)
      );

      (* hierconn *) wire [WIDTH-1:0] \dut.product ;
      assign products[n*WIDTH+:WIDTH] = \dut.product ;
    end
    for (n = 0; n <= DIGITS; n = n + 1) begin : g_step
      wire [WIDTH-1:0] lower = products[n*WIDTH+:WIDTH];
      wire [WIDTH-1:0] upper = products[(n+1)*WIDTH+:WIDTH];

      always @(*) if (age == 2'd2) begin
        if (!weight[n]) assert (upper == lower);
        else if (n < DIGITS) assert (upper == lower + (act << n));
        else assert (upper == lower - (act << n));
      end
    end
  endgenerate

  always @(*) if (age == 2'd2) assert (products[0+:WIDTH] == 0);

endmodule

`default_nettype wire
