// What hg_combine must be: the sum of factor * acc over the planes and passes of an output, plus its table word.
//
// Inductive steps from any state, modulo 2^SUM_WIDTH. A row's share is its product plus, after the first pass, what
// the memory kept of the passes before; in the last pass it goes to the sum of its output, which begins at the
// table's word; in others it is kept. What the memory keeps is proved apart (hg_ram.v), and so is the product of
// factors that are not powers of two (hg_combine_product.v): here it is anything.
`default_nettype none

module hg_combine_spec #(
    parameter ACC_WIDTH    = 16,
    parameter FACTOR_KIND  = 2,
    parameter FACTOR_WIDTH = 8,
    parameter SUM_WIDTH    = 24,
    parameter PASSES       = 1,
    parameter INDEX_WIDTH  = 4,
    parameter DEPTH        = 16,
    parameter TABLE_WIDTH  = 0,
    parameter TAG_WIDTH    = 1
) (
    input wire                           clk_i,
    input wire                           rst_i,
    input wire                           valid_i,
    input wire signed [   ACC_WIDTH-1:0] acc_i,
    input wire        [FACTOR_WIDTH-1:0] factor_i,
    input wire                           plane_first_i,
    input wire                           plane_last_i,
    input wire                           pass_first_i,
    input wire                           pass_last_i,
    input wire        [ INDEX_WIDTH-1:0] index_i,
    input wire signed [(TABLE_WIDTH > 0 ? TABLE_WIDTH : 1)-1:0] table_i,
    input wire        [   TAG_WIDTH-1:0] tag_i
);

  localparam PRODUCT_WIDTH =
      FACTOR_KIND == 0 ? ACC_WIDTH :
      FACTOR_KIND == 1 ? ACC_WIDTH + (1 << FACTOR_WIDTH) - 1 : ACC_WIDTH + FACTOR_WIDTH;

  wire valid_o;
  wire signed [SUM_WIDTH-1:0] sum_o;
  wire [TAG_WIDTH-1:0] tag_o;

  hg_combine #(
      .ACC_WIDTH   (ACC_WIDTH),
      .FACTOR_KIND (FACTOR_KIND),
      .FACTOR_WIDTH(FACTOR_WIDTH),
      .SUM_WIDTH   (SUM_WIDTH),
      .PASSES      (PASSES),
      .INDEX_WIDTH (INDEX_WIDTH),
      .DEPTH       (DEPTH),
      .TABLE_WIDTH (TABLE_WIDTH),
      .TAG_WIDTH   (TAG_WIDTH)
  ) dut (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .valid_i      (valid_i),
      .acc_i        (acc_i),
      .factor_i     (factor_i),
      .plane_first_i(plane_first_i),
      .plane_last_i (plane_last_i),
      .pass_first_i (pass_first_i),
      .pass_last_i  (pass_last_i),
      .index_i      (index_i),
      .table_i      (table_i),
      .tag_i        (tag_i),
      .valid_o      (valid_o),
      .sum_o        (sum_o),
      .tag_o        (tag_o)
  );

  (* hierconn *) wire [PRODUCT_WIDTH-1:0] \dut.product_q ;
  (* hierconn *) wire \dut.g_partial.u_partial.write_i ;
  (* hierconn *) wire [INDEX_WIDTH-1:0] \dut.g_partial.u_partial.write_addr_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.g_partial.u_partial.write_data_i ;
  (* hierconn *) wire [INDEX_WIDTH-1:0] \dut.g_partial.u_partial.read_addr_i ;
  (* hierconn *) wire [SUM_WIDTH-1:0] \dut.g_partial.u_partial.read_data_o ;

  // Inputs of one cycle ago and of two.
  reg valid_1;
  reg signed [63:0] wide_acc_1;
  reg [FACTOR_WIDTH-1:0] factor_1;
  reg plane_first_1, plane_last_1;
  reg pass_first_1, pass_last_1;
  reg [INDEX_WIDTH-1:0] index_1;
  reg signed [63:0] table_1;
  reg [TAG_WIDTH-1:0] tag_1, tag_2;
  reg counts_2, completes_2;
  reg [SUM_WIDTH-1:0] next_2;

  // A cycle after a row's inputs: its product and its share.
  wire signed [PRODUCT_WIDTH-1:0] product = \dut.product_q ;
  reg signed [63:0] shifted;
  reg [SUM_WIDTH-1:0] share;
  reg [SUM_WIDTH-1:0] begins;
  reg [SUM_WIDTH-1:0] wide_product;

  always @(*) begin
    shifted = wide_acc_1;
    if (FACTOR_KIND == 1) shifted = wide_acc_1 <<< factor_1;
    wide_product = product;
    share = wide_product;
    if (!pass_first_1) share = share + \dut.g_partial.u_partial.read_data_o ;
    begins = plane_first_1 ? table_1 : sum_o;
  end

  always @(posedge clk_i) begin
    valid_1       <= valid_i && !rst_i;
    wide_acc_1    <= acc_i;
    factor_1      <= factor_i;
    plane_first_1 <= plane_first_i;
    plane_last_1  <= plane_last_i;
    pass_first_1  <= PASSES == 1 || pass_first_i;
    pass_last_1   <= PASSES == 1 || pass_last_i;
    index_1       <= index_i;
    table_1       <= TABLE_WIDTH > 0 ? table_i : 0;
    tag_1         <= tag_i;
    tag_2         <= tag_1;
    counts_2      <= valid_1 && pass_last_1;
    completes_2   <= valid_1 && pass_last_1 && plane_last_1 && !rst_i;
    next_2        <= valid_1 && pass_last_1 ? begins + share : sum_o;
  end

  always @(*) begin
    if (FACTOR_KIND != 2) assert (product == shifted);
    if (PASSES > 1) begin
      assert (\dut.g_partial.u_partial.read_addr_i == index_i);
      assert (\dut.g_partial.u_partial.write_i == (valid_1 && !pass_last_1));
      assert (\dut.g_partial.u_partial.write_addr_i == index_1);
      assert (\dut.g_partial.u_partial.write_data_i == share);
    end
    assert (valid_o == completes_2);
    assert (tag_o == tag_2);
    assert (sum_o == $signed(next_2));
  end

endmodule

`default_nettype wire
