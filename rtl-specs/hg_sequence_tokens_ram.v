// What hg_sequence_tokens_ram must do, besides writing what is loaded at its address: where a token's row begins is written at load_addr, and read at addr; a cycle later the
// table is asked for that row's word index, and answers. One step from any state; both memories are cut out.
//
// Assumed: rows are no longer than their distance, so that a word's number fits in below a row's.
`default_nettype none

module hg_sequence_tokens_ram_spec #(
    parameter WIDTH         = 8,
    parameter FEATURES      = 2,
    parameter FEATURE_WIDTH = 1,
    parameter TOKEN_WIDTH   = 7,
    parameter START_WIDTH   = 8,
    parameter UNIT_WIDTH    = 2,
    parameter INDEX_WIDTH   = 4,
    parameter [FEATURES*START_WIDTH-1:0] BASES = 0,
    parameter [8*FEATURES-1:0] SHIFTS = 0,
    parameter TOKENS        = 64,
    parameter TOKEN_ADDR_WIDTH = 6,
    parameter DEPTH         = 2048
) (
    input wire table_load_i,
    input wire [START_WIDTH+UNIT_WIDTH-1:0] table_addr_i,
    input wire [WIDTH-1:0] table_data_i,
    input wire                        clk_i,
    input wire                        load_i,
    input wire [TOKEN_ADDR_WIDTH-1:0] load_addr_i,
    input wire [   FEATURE_WIDTH-1:0] load_index_i,
    input wire [     TOKEN_WIDTH-1:0] load_data_i,
    input wire [TOKEN_ADDR_WIDTH-1:0] addr_i,
    input wire [     INDEX_WIDTH-1:0] index_i
);

  wire [WIDTH-1:0] data_o;

  hg_sequence_tokens_ram #(
      .WIDTH        (WIDTH),
      .FEATURES     (FEATURES),
      .FEATURE_WIDTH(FEATURE_WIDTH),
      .TOKEN_WIDTH  (TOKEN_WIDTH),
      .START_WIDTH  (START_WIDTH),
      .UNIT_WIDTH   (UNIT_WIDTH),
      .INDEX_WIDTH  (INDEX_WIDTH),
      .BASES        (BASES),
      .SHIFTS       (SHIFTS),
      .TOKENS          (TOKENS),
      .TOKEN_ADDR_WIDTH(TOKEN_ADDR_WIDTH),
      .DEPTH           (DEPTH)
  ) dut (
      .table_load_i(table_load_i),
      .table_addr_i(table_addr_i),
      .table_data_i(table_data_i),
      .clk_i       (clk_i),
      .load_i      (load_i),
      .load_addr_i (load_addr_i),
      .load_index_i(load_index_i),
      .load_data_i (load_data_i),
      .addr_i      (addr_i),
      .index_i     (index_i),
      .data_o      (data_o)
  );

  (* hierconn *) wire \dut.u_tokens.write_i ;
  (* hierconn *) wire [TOKEN_ADDR_WIDTH-1:0] \dut.u_tokens.write_addr_i ;
  (* hierconn *) wire [START_WIDTH-1:0] \dut.u_tokens.write_data_i ;
  (* hierconn *) wire [TOKEN_ADDR_WIDTH-1:0] \dut.u_tokens.read_addr_i ;
  (* hierconn *) wire [START_WIDTH-1:0] \dut.u_tokens.read_data_o ;
  (* hierconn *) wire \dut.u_embedding.write_i ;
  (* hierconn *) wire [START_WIDTH+UNIT_WIDTH-1:0] \dut.u_embedding.write_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_embedding.write_data_i ;
  (* hierconn *) wire [START_WIDTH+UNIT_WIDTH-1:0] \dut.u_embedding.read_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_embedding.read_data_o ;

  // Where the row of a feature's value begins, as hg_feature_start is proved to say.
  function [START_WIDTH-1:0] start_of;
    input [FEATURE_WIDTH-1:0] feature;
    input [TOKEN_WIDTH-1:0] token;
    integer f;
    begin
      start_of = 0;
      for (f = 0; f < FEATURES; f = f + 1)
        if (FEATURES == 1 || feature == f)
          start_of = (BASES >> (f * START_WIDTH)) + (token << ((SHIFTS >> (8 * f)) & 8'hff));
    end
  endfunction

  wire [63:0] first_word = {\dut.u_tokens.read_data_o , {UNIT_WIDTH{1'b0}}};

  always @(*) begin
    assume (FEATURES == 1 || load_index_i < FEATURES);
    assume ((first_word & index_i) == 0);
    assert (\dut.u_tokens.write_i == load_i && \dut.u_tokens.write_addr_i == load_addr_i);
    assert (\dut.u_tokens.write_data_i == start_of(load_index_i, load_data_i));
    assert (\dut.u_tokens.read_addr_i == addr_i);
    assert (\dut.u_embedding.read_addr_i == first_word + index_i);
    assert (\dut.u_embedding.write_i == table_load_i && \dut.u_embedding.write_addr_i == table_addr_i);
    assert (\dut.u_embedding.write_data_i == table_data_i);
    assert (data_o == \dut.u_embedding.read_data_o );
  end

endmodule

`default_nettype wire
