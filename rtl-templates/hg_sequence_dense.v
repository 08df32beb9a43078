// x of a whole sequence: the word at addr_i appears on data_o a cycle later. Words hold 2^PACK_WIDTH elements,
// which arrive one by one, in order; every step begins a new word.
`default_nettype none

module hg_sequence_dense #(
    parameter WIDTH       = 8,   // bits of an element
    parameter PACK_WIDTH  = 0,
    parameter INDEX_WIDTH = 4,   // of a step's elements
    parameter [INDEX_WIDTH-1:0] LAST_INDEX = {INDEX_WIDTH{1'b1}},
    parameter DEPTH       = 1024,
    parameter ADDR_WIDTH  = 10
) (
    input  wire                           clk_i,
    input  wire                           load_i,
    input  wire [         ADDR_WIDTH-1:0] load_addr_i,   // of the word
    input  wire [        INDEX_WIDTH-1:0] load_index_i,  // of the element in its step
    input  wire [              WIDTH-1:0] load_data_i,
    input  wire [         ADDR_WIDTH-1:0] addr_i,
    output wire [(WIDTH<<PACK_WIDTH)-1:0] data_o
);

  wire                           write;
  wire [         ADDR_WIDTH-1:0] write_addr;
  wire [(WIDTH<<PACK_WIDTH)-1:0] write_data;

  generate
    if (PACK_WIDTH > 0) begin : g_packed
      wire [PACK_WIDTH+INDEX_WIDTH-1:0] element = {{PACK_WIDTH{1'b0}}, load_index_i};

      hg_pack #(
          .WIDTH      (WIDTH),
          .INDEX_WIDTH(PACK_WIDTH),
          .ADDR_WIDTH (ADDR_WIDTH)
      ) u_pack (
          .clk_i  (clk_i),
          .write_i(load_i),
          .last_i (load_index_i == LAST_INDEX),
          .addr_i ({load_addr_i, element[PACK_WIDTH-1:0]}),
          .data_i (load_data_i),
          .write_o(write),
          .addr_o (write_addr),
          .data_o (write_data)
      );

      wire unused = &element[PACK_WIDTH+INDEX_WIDTH-1:PACK_WIDTH];
    end else begin : g_single
      assign write      = load_i;
      assign write_addr = load_addr_i;
      assign write_data = load_data_i;
      wire unused = &{LAST_INDEX, load_index_i};
    end
  endgenerate

  hg_ram #(
      .WIDTH     (WIDTH << PACK_WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_x (
      .clk_i       (clk_i),
      .write_i     (write),
      .write_addr_i(write_addr),
      .write_data_i(write_data),
      .read_addr_i (addr_i),
      .read_data_o (data_o)
  );

endmodule

`default_nettype wire
