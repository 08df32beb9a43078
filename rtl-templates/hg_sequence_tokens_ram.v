// hg_sequence_tokens, its tables loadable: tokens of a whole sequence, and a table's rows for them. Word index_i of
// the row of the token at addr_i of the cycle before appears on data_o a cycle after index_i. A step has one
// token, or one for each of its features, in order; what is kept of each is where its row begins
// (hg_feature_start). Nothing is loaded while rows are read.
`default_nettype none

module hg_sequence_tokens_ram #(
    parameter WIDTH         = 8,
    parameter FEATURES      = 1,
    parameter FEATURE_WIDTH = 1,
    parameter TOKEN_WIDTH   = 7,   // bits of the feature with the most values
    parameter START_WIDTH   = 7,
    parameter UNIT_WIDTH    = 4,   // rows begin at multiples of 2^UNIT_WIDTH words
    parameter INDEX_WIDTH   = 4,   // of the widest rows
    parameter [FEATURES*START_WIDTH-1:0] BASES = 0,
    parameter [8*FEATURES-1:0] SHIFTS = 0,
    parameter TOKENS        = 64,  // of the longest sequence
    parameter TOKEN_ADDR_WIDTH = 6,
    parameter DEPTH         = 2048
) (
    input  wire                        clk_i,
    input  wire                        table_load_i,
    input  wire [START_WIDTH+UNIT_WIDTH-1:0] table_addr_i,
    input  wire [           WIDTH-1:0] table_data_i,
    input  wire                        load_i,
    input  wire [TOKEN_ADDR_WIDTH-1:0] load_addr_i,
    input  wire [   FEATURE_WIDTH-1:0] load_index_i,
    input  wire [     TOKEN_WIDTH-1:0] load_data_i,
    input  wire [TOKEN_ADDR_WIDTH-1:0] addr_i,
    input  wire [     INDEX_WIDTH-1:0] index_i,
    output wire [           WIDTH-1:0] data_o
);

  localparam ADDR_WIDTH = START_WIDTH + UNIT_WIDTH;

  wire [START_WIDTH-1:0] load_start;
  wire [START_WIDTH-1:0] start;

  hg_feature_start #(
      .FEATURES     (FEATURES),
      .FEATURE_WIDTH(FEATURE_WIDTH),
      .TOKEN_WIDTH  (TOKEN_WIDTH),
      .START_WIDTH  (START_WIDTH),
      .BASES        (BASES),
      .SHIFTS       (SHIFTS)
  ) u_start (
      .feature_i(load_index_i),
      .token_i  (load_data_i),
      .start_o  (load_start)
  );

  hg_ram #(
      .WIDTH     (START_WIDTH),
      .DEPTH     (TOKENS),
      .ADDR_WIDTH(TOKEN_ADDR_WIDTH)
  ) u_tokens (
      .clk_i       (clk_i),
      .write_i     (load_i),
      .write_addr_i(load_addr_i),
      .write_data_i(load_start),
      .read_addr_i (addr_i),
      .read_data_o (start)
  );

  // Rows are aligned to their width, so the word's number fits in below.
  wire [ADDR_WIDTH-1:0] addr = {start, {UNIT_WIDTH{1'b0}}} | {{(ADDR_WIDTH - INDEX_WIDTH) {1'b0}}, index_i};

  hg_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_embedding (
      .clk_i       (clk_i),
      .write_i     (table_load_i),
      .write_addr_i(table_addr_i),
      .write_data_i(table_data_i),
      .read_addr_i (addr),
      .read_data_o (data_o)
  );

endmodule

`default_nettype wire
