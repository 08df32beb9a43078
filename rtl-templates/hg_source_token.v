// A table's row for the token of one sequence, two tokens deep: word index_i of the row of the token in
// buffer buffer_i appears on data_o a cycle later. Rows, which start at powers of two, are embeddings, or the
// shares that the token has in the sums of layer 0.
`default_nettype none

module hg_source_token #(
    parameter WIDTH       = 8,
    parameter TOKEN_WIDTH = 7,
    parameter INDEX_WIDTH = 4,
    parameter DEPTH       = 2048,  // vocabulary << INDEX_WIDTH
    parameter INIT_FILE   = ""
) (
    input  wire                   clk_i,
    input  wire                   load_i,
    input  wire                   load_buffer_i,
    input  wire [TOKEN_WIDTH-1:0] load_data_i,
    input  wire                   buffer_i,
    input  wire [INDEX_WIDTH-1:0] index_i,
    output wire [      WIDTH-1:0] data_o
);

  reg [TOKEN_WIDTH-1:0] token0_q;
  reg [TOKEN_WIDTH-1:0] token1_q;

  always @(posedge clk_i) begin
    if (load_i && !load_buffer_i) token0_q <= load_data_i;
    if (load_i && load_buffer_i) token1_q <= load_data_i;
  end

  wire [TOKEN_WIDTH-1:0] token = buffer_i ? token1_q : token0_q;

  hg_rom #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(TOKEN_WIDTH + INDEX_WIDTH),
      .INIT_FILE (INIT_FILE)
  ) u_embedding (
      .clk_i (clk_i),
      .addr_i({token, index_i}),
      .data_o(data_o)
  );

endmodule

`default_nettype wire
