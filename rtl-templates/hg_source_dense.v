// x of one sequence, two steps deep: element index_i of buffer buffer_i appears on data_o a cycle later.
`default_nettype none

module hg_source_dense #(
    parameter INDEX_WIDTH = 4
) (
    input  wire                   clk_i,
    input  wire                   load_i,
    input  wire                   load_buffer_i,
    input  wire [INDEX_WIDTH-1:0] load_index_i,
    input  wire [            7:0] load_data_i,
    input  wire                   buffer_i,
    input  wire [INDEX_WIDTH-1:0] index_i,
    output wire [            7:0] data_o
);

  hg_ram #(
      .WIDTH     (8),
      .DEPTH     (2 << INDEX_WIDTH),
      .ADDR_WIDTH(INDEX_WIDTH + 1)
  ) u_x (
      .clk_i       (clk_i),
      .write_i     (load_i),
      .write_addr_i({load_buffer_i, load_index_i}),
      .write_data_i(load_data_i),
      .read_addr_i ({buffer_i, index_i}),
      .read_data_o (data_o)
  );

endmodule

`default_nettype wire
