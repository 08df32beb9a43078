// The sum of an output over its planes and operands: sum_o = table_i + sum of factor_i * acc_i. Each plane of
// an output is a row of the array; where operands have factors of their own, each has a pass over the rows of
// the fold, and a row's share waits in a memory from pass to pass. The planes of an output come in order in
// its last pass, with any gaps, and with earlier passes of later rows between them.
//
// Latency 2, from the beat that is the last plane in the last pass: the product; the sum. A row may come
// back 3 cycles after its pass before.
`default_nettype none

module hg_combine #(
    parameter ACC_WIDTH    = 16,
    parameter FACTOR_KIND  = 2,   // 0: every factor is 1; 1: 2^factor_i; 2: factor_i
    parameter FACTOR_WIDTH = 8,   // 3 suffices for 2^0 .. 2^7
    parameter SUM_WIDTH    = 24,  // signed; only the complete sum has to fit
    parameter PASSES       = 1,
    parameter INDEX_WIDTH  = 4,
    parameter DEPTH        = 16,  // rows of the array
    parameter TABLE_WIDTH  = 0,   // 0: no table
    parameter TAG_WIDTH    = 1
) (
    input  wire                           clk_i,
    input  wire                           rst_i,
    input  wire                           valid_i,
    input  wire signed [   ACC_WIDTH-1:0] acc_i,
    input  wire        [FACTOR_WIDTH-1:0] factor_i,       // unsigned
    input  wire                           plane_first_i,  // of this output
    input  wire                           plane_last_i,
    input  wire                           pass_first_i,
    input  wire                           pass_last_i,
    input  wire        [ INDEX_WIDTH-1:0] index_i,        // row of the array
    // Read with the first plane of an output in its last pass.
    input  wire signed [(TABLE_WIDTH > 0 ? TABLE_WIDTH : 1)-1:0] table_i,
    input  wire        [   TAG_WIDTH-1:0] tag_i,          // read with the last plane in the last pass
    output reg                            valid_o,
    output wire signed [   SUM_WIDTH-1:0] sum_o,
    output reg         [   TAG_WIDTH-1:0] tag_o
);

  localparam PRODUCT_WIDTH =
      FACTOR_KIND == 0 ? ACC_WIDTH :
      FACTOR_KIND == 1 ? ACC_WIDTH + (1 << FACTOR_WIDTH) - 1 : ACC_WIDTH + FACTOR_WIDTH;
  localparam WIDE = PRODUCT_WIDTH + SUM_WIDTH;

  reg signed [PRODUCT_WIDTH-1:0] product_q;

  generate
    if (FACTOR_KIND == 0) begin : g_one
      always @(posedge clk_i) product_q <= acc_i;
      wire unused = &factor_i;
    end else if (FACTOR_KIND == 1) begin : g_shift
      wire signed [PRODUCT_WIDTH-1:0] wide_acc = {
        {(PRODUCT_WIDTH - ACC_WIDTH) {acc_i[ACC_WIDTH-1]}}, acc_i
      };
      always @(posedge clk_i) product_q <= wide_acc << factor_i;
    end else begin : g_multiply
      wire signed [FACTOR_WIDTH:0] factor = {1'b0, factor_i};
      // |acc| * factor < 2^(ACC_WIDTH-1) * 2^FACTOR_WIDTH: the product's top bit repeats its sign.
      wire signed [PRODUCT_WIDTH:0] product = acc_i * factor;
      always @(posedge clk_i) product_q <= product[PRODUCT_WIDTH-1:0];
      wire unused = product[PRODUCT_WIDTH];
    end
  endgenerate

  // Sums count modulo 2^SUM_WIDTH, so that the product's bits beyond do not matter.
  wire [WIDE-1:0] wide_product = {{SUM_WIDTH{product_q[PRODUCT_WIDTH-1]}}, product_q};

  reg                 valid_q;
  reg                 plane_first_q;
  reg                 plane_last_q;
  reg [TAG_WIDTH-1:0] tag_q;

  // The row's share: of this pass, of those before it, and of the table.
  wire [SUM_WIDTH-1:0] earlier;
  wire [SUM_WIDTH-1:0] table_word;
  wire [SUM_WIDTH-1:0] share = wide_product[SUM_WIDTH-1:0] + earlier;
  wire                 is_last_pass;
  reg  [SUM_WIDTH-1:0] sum_q;

  always @(posedge clk_i) begin
    valid_q       <= valid_i && !rst_i;
    plane_first_q <= plane_first_i;
    plane_last_q  <= plane_last_i;
    tag_q         <= tag_i;
    valid_o       <= valid_q && plane_last_q && is_last_pass && !rst_i;
    tag_o         <= tag_q;
    if (valid_q && is_last_pass) sum_q <= (plane_first_q ? table_word : sum_q) + share;
  end

  generate
    if (TABLE_WIDTH > 0) begin : g_table
      wire [TABLE_WIDTH+SUM_WIDTH-1:0] wide_table = {{SUM_WIDTH{table_i[TABLE_WIDTH-1]}}, table_i};
      reg [SUM_WIDTH-1:0] table_q;
      always @(posedge clk_i) table_q <= wide_table[SUM_WIDTH-1:0];
      assign table_word = table_q;
      wire unused = &wide_table[TABLE_WIDTH+SUM_WIDTH-1:SUM_WIDTH];
    end else begin : g_no_table
      assign table_word = {SUM_WIDTH{1'b0}};
      wire unused = table_i;
    end
    if (PASSES > 1) begin : g_partial
      wire [  SUM_WIDTH-1:0] partial;
      reg                    pass_first_q;
      reg                    pass_last_q;
      reg  [INDEX_WIDTH-1:0] index_q;

      hg_ram #(
          .WIDTH     (SUM_WIDTH),
          .DEPTH     (DEPTH),
          .ADDR_WIDTH(INDEX_WIDTH)
      ) u_partial (
          .clk_i       (clk_i),
          .write_i     (valid_q && !pass_last_q),
          .write_addr_i(index_q),
          .write_data_i(share),
          .read_addr_i (index_i),
          .read_data_o (partial)
      );

      always @(posedge clk_i) begin
        pass_first_q <= pass_first_i;
        pass_last_q  <= pass_last_i;
        index_q      <= index_i;
      end

      assign is_last_pass = pass_last_q;
      assign earlier = partial & {SUM_WIDTH{!pass_first_q}};
    end else begin : g_single_pass
      assign is_last_pass = 1'b1;
      assign earlier = {SUM_WIDTH{1'b0}};
      wire unused = &{pass_first_i, pass_last_i, index_i};
    end
  endgenerate

  assign sum_o = sum_q;

  wire unused = &wide_product[WIDE-1:SUM_WIDTH];

endmodule

`default_nettype wire
