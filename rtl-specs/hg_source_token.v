// What hg_source_token must do: the table is asked for word {token, index} of the token that its buffer was loaded with
// last, and its answer is the output. An inductive step from any state for each buffer; the table is cut out.
`default_nettype none

module hg_source_token_spec #(
    parameter WIDTH       = 8,
    parameter TOKEN_WIDTH = 7,
    parameter INDEX_WIDTH = 4,
    parameter DEPTH       = 2048
) (
    input wire                   clk_i,
    input wire                   load_i,
    input wire                   load_buffer_i,
    input wire [TOKEN_WIDTH-1:0] load_data_i,
    input wire                   buffer_i,
    input wire [INDEX_WIDTH-1:0] index_i
);

  wire [WIDTH-1:0] data_o;

  hg_source_token #(
      .WIDTH      (WIDTH),
      .TOKEN_WIDTH(TOKEN_WIDTH),
      .INDEX_WIDTH(INDEX_WIDTH),
      .DEPTH      (DEPTH)
  ) dut (
      .clk_i        (clk_i),
      .load_i       (load_i),
      .load_buffer_i(load_buffer_i),
      .load_data_i  (load_data_i),
      .buffer_i     (buffer_i),
      .index_i      (index_i),
      .data_o       (data_o)
  );

  (* hierconn *) wire [TOKEN_WIDTH+INDEX_WIDTH-1:0] \dut.u_embedding.addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_embedding.data_o ;
  wire [TOKEN_WIDTH-1:0] token = \dut.u_embedding.addr_i >> INDEX_WIDTH;
  wire [INDEX_WIDTH-1:0] index = \dut.u_embedding.addr_i [INDEX_WIDTH-1:0];

  // The cycle before.
  reg load_p, load_buffer_p, buffer_p;
  reg [TOKEN_WIDTH-1:0] load_data_p, token_p;

  always @(posedge clk_i) begin
    {load_p, load_buffer_p, load_data_p} <= {load_i, load_buffer_i, load_data_i};
    {buffer_p, token_p} <= {buffer_i, token};
  end

  always @(*) begin
    assert (index == index_i);
    assert (data_o == \dut.u_embedding.data_o );
    // The buffer that is read now holds what was loaded into it, else what it held.
    if (load_p && load_buffer_p == buffer_i) assert (token == load_data_p);
    else if (buffer_i == buffer_p) assert (token == token_p);
  end

endmodule

`default_nettype wire
