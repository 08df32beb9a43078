// What hg_source_features_ram must do, besides writing what is loaded at its address: the table is asked for word index of the row of the token that was loaded last for
// this feature into this buffer. An inductive step from any state for each feature of each buffer; the table is cut out.
//
// Assumed: rows are no longer than their distance, so that a word's number fits in below a row's.
`default_nettype none

module hg_source_features_ram_spec #(
    parameter WIDTH         = 8,
    parameter FEATURES      = 2,
    parameter FEATURE_WIDTH = 1,
    parameter TOKEN_WIDTH   = 7,
    parameter START_WIDTH   = 8,
    parameter UNIT_WIDTH    = 2,
    parameter INDEX_WIDTH   = 4,
    parameter [FEATURES*START_WIDTH-1:0] BASES = 0,
    parameter [8*FEATURES-1:0] SHIFTS = 0,
    parameter DEPTH         = 1024
) (
    input wire table_load_i,
    input wire [START_WIDTH+UNIT_WIDTH-1:0] table_addr_i,
    input wire [WIDTH-1:0] table_data_i,
    input wire                     clk_i,
    input wire                     load_i,
    input wire                     load_buffer_i,
    input wire [FEATURE_WIDTH-1:0] load_index_i,
    input wire [  TOKEN_WIDTH-1:0] load_data_i,
    input wire                     buffer_i,
    input wire [FEATURE_WIDTH-1:0] feature_i,
    input wire [  INDEX_WIDTH-1:0] index_i
);

  wire [WIDTH-1:0] data_o;

  hg_source_features_ram #(
      .WIDTH        (WIDTH),
      .FEATURES     (FEATURES),
      .FEATURE_WIDTH(FEATURE_WIDTH),
      .TOKEN_WIDTH  (TOKEN_WIDTH),
      .START_WIDTH  (START_WIDTH),
      .UNIT_WIDTH   (UNIT_WIDTH),
      .INDEX_WIDTH  (INDEX_WIDTH),
      .BASES        (BASES),
      .SHIFTS       (SHIFTS),
      .DEPTH        (DEPTH)
  ) dut (
      .table_load_i(table_load_i),
      .table_addr_i(table_addr_i),
      .table_data_i(table_data_i),
      .clk_i        (clk_i),
      .load_i       (load_i),
      .load_buffer_i(load_buffer_i),
      .load_index_i (load_index_i),
      .load_data_i  (load_data_i),
      .buffer_i     (buffer_i),
      .feature_i    (feature_i),
      .index_i      (index_i),
      .data_o       (data_o)
  );

  (* hierconn *) wire [START_WIDTH-1:0] \dut.start ;
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

  // The cycle before.
  reg load_p, load_buffer_p, buffer_p;
  reg [FEATURE_WIDTH-1:0] load_index_p, feature_p;
  reg [TOKEN_WIDTH-1:0] load_data_p;
  reg [START_WIDTH-1:0] start_p;

  always @(posedge clk_i) begin
    {load_p, load_buffer_p, buffer_p} <= {load_i, load_buffer_i, buffer_i};
    {load_index_p, feature_p} <= {load_index_i, feature_i};
    {load_data_p, start_p} <= {load_data_i, \dut.start };
  end

  wire [63:0] first_word = {\dut.start , {UNIT_WIDTH{1'b0}}};

  always @(*) begin
    assume (FEATURES == 1 || (load_index_i < FEATURES && feature_i < FEATURES));
    assume ((first_word & index_i) == 0);
    if (load_p && load_buffer_p == buffer_i && load_index_p == feature_i)
      assert (\dut.start == start_of(load_index_p, load_data_p));
    else if (buffer_i == buffer_p && feature_i == feature_p) assert (\dut.start == start_p);
    assert (\dut.u_embedding.read_addr_i == first_word + index_i);
    assert (\dut.u_embedding.write_i == table_load_i && \dut.u_embedding.write_addr_i == table_addr_i);
    assert (\dut.u_embedding.write_data_i == table_data_i);
    assert (data_o == \dut.u_embedding.read_data_o );
  end

endmodule

`default_nettype wire
