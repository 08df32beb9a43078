// What hg_source_dense must do: elements are gathered to words of 2^PACK_WIDTH, the last one of a step filled with
// zeros; a word is written where its buffer has it, {buffer, element / 2^PACK_WIDTH}, and read from {buffer, index}. An
// invariant, by induction from the first element; the memory is cut out.
//
// Assumed: elements of a word come in order, from its first on.
`default_nettype none

module hg_source_dense_spec #(
    parameter WIDTH       = 8,
    parameter PACK_WIDTH  = 0,
    parameter INDEX_WIDTH = 4,
    parameter [INDEX_WIDTH+PACK_WIDTH-1:0] LAST_INDEX = {(INDEX_WIDTH + PACK_WIDTH) {1'b1}}
) (
    input wire                              clk_i,
    input wire                              load_i,
    input wire                              load_buffer_i,
    input wire [INDEX_WIDTH+PACK_WIDTH-1:0] load_index_i,
    input wire [WIDTH-1:0]                  load_data_i,
    input wire                              buffer_i,
    input wire [INDEX_WIDTH-1:0]            index_i
);

  localparam WORD = WIDTH << PACK_WIDTH;
  localparam ADDR_WIDTH = INDEX_WIDTH + 1;

  wire [WORD-1:0] data_o;

  hg_source_dense #(
      .WIDTH      (WIDTH),
      .PACK_WIDTH (PACK_WIDTH),
      .INDEX_WIDTH(INDEX_WIDTH),
      .LAST_INDEX (LAST_INDEX)
  ) dut (
      .clk_i        (clk_i),
      .load_i       (load_i),
      .load_buffer_i(load_buffer_i),
      .load_index_i (load_index_i),
      .load_data_i  (load_data_i),
      .buffer_i     (buffer_i),
      .index_i      (index_i),
      .data_o       (data_o)
  );

  (* hierconn *) wire \dut.u_x.write_i ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_x.write_addr_i ;
  (* hierconn *) wire [WORD-1:0] \dut.u_x.write_data_i ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_x.read_addr_i ;
  (* hierconn *) wire [WORD-1:0] \dut.u_x.read_data_o ;
  (* hierconn *) wire [WORD-1:0] \dut.g_packed.u_pack.word_q ;

  // Elements of the word so far: how many, and which.
  reg [31:0] count = 0;
  reg [WORD-1:0] elements = 0;

  wire [31:0] place = load_index_i & ((32'd1 << PACK_WIDTH) - 32'd1);
  wire [WORD-1:0] with_this = elements | (load_data_i << (place * WIDTH));
  wire leaves = load_i && (load_index_i == LAST_INDEX || place == (32'd1 << PACK_WIDTH) - 32'd1);

  always @(posedge clk_i)
    if (leaves) begin
      count <= 0;
      elements <= 0;
    end else if (load_i) begin
      count <= count + 1;
      elements <= with_this;
    end

  always @(*) begin
    assume (!load_i || (place == count && load_index_i <= LAST_INDEX));
    assert (\dut.u_x.write_i == leaves);
    if (leaves) begin
      assert (\dut.u_x.write_addr_i == {load_buffer_i, load_index_i[INDEX_WIDTH+PACK_WIDTH-1:PACK_WIDTH]});
      assert (\dut.u_x.write_data_i == with_this);
    end
    assert (\dut.u_x.read_addr_i == {buffer_i, index_i});
    assert (data_o == \dut.u_x.read_data_o );
    // What the rest rests on.
    assert (count < (32'd1 << PACK_WIDTH) && (elements >> (count * WIDTH)) == 0);
    if (PACK_WIDTH > 0 && count > 0) assert (\dut.g_packed.u_pack.word_q == elements);
  end

endmodule

`default_nettype wire
