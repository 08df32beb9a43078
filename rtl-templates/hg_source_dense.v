// x of one sequence, two steps deep: word index_i of buffer buffer_i appears on data_o a cycle later.
// Words hold 2^PACK_WIDTH elements, which arrive one by one, in order.
`default_nettype none

module hg_source_dense #(
    parameter WIDTH       = 8,  // bits of an element
    parameter PACK_WIDTH  = 0,
    parameter INDEX_WIDTH = 4,  // of words
    parameter [INDEX_WIDTH+PACK_WIDTH-1:0] LAST_INDEX = {(INDEX_WIDTH + PACK_WIDTH) {1'b1}}  // of elements
) (
    input  wire                              clk_i,
    input  wire                              load_i,
    input  wire                              load_buffer_i,
    input  wire [INDEX_WIDTH+PACK_WIDTH-1:0] load_index_i,
    input  wire [WIDTH-1:0]                  load_data_i,
    input  wire                              buffer_i,
    input  wire [INDEX_WIDTH-1:0]            index_i,
    output wire [(WIDTH<<PACK_WIDTH)-1:0]    data_o
);

  wire                           write;
  wire [          INDEX_WIDTH:0] write_addr;
  wire [(WIDTH<<PACK_WIDTH)-1:0] write_data;

  generate
    if (PACK_WIDTH > 0) begin : g_packed
      hg_pack #(
          .WIDTH      (WIDTH),
          .INDEX_WIDTH(PACK_WIDTH),
          .ADDR_WIDTH (INDEX_WIDTH + 1)
      ) u_pack (
          .clk_i  (clk_i),
          .write_i(load_i),
          .last_i (load_index_i == LAST_INDEX),
          .addr_i ({load_buffer_i, load_index_i}),
          .data_i (load_data_i),
          .write_o(write),
          .addr_o (write_addr),
          .data_o (write_data)
      );
    end else begin : g_single
      assign write      = load_i;
      assign write_addr = {load_buffer_i, load_index_i};
      assign write_data = load_data_i;
      wire unused = &LAST_INDEX;
    end
  endgenerate

  hg_ram #(
      .WIDTH     (WIDTH << PACK_WIDTH),
      .DEPTH     (2 << INDEX_WIDTH),
      .ADDR_WIDTH(INDEX_WIDTH + 1)
  ) u_x (
      .clk_i       (clk_i),
      .write_i     (write),
      .write_addr_i(write_addr),
      .write_data_i(write_data),
      .read_addr_i ({buffer_i, index_i}),
      .read_data_o (data_o)
  );

endmodule

`default_nettype wire
