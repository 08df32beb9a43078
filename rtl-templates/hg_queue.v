// Lists of elements without their zeros. Elements come one by one, in order; those that are not zero are kept
// side by side from the address of the list's first element on, each with its place in the list. Lists are
// numbered as they are completed, 0 .. LISTS-1 and again from 0; count_o says how many elements of list
// list_i were kept.
//
// read_data_o and read_index_o follow read_addr_i by one cycle; a list is read when it is complete.
`default_nettype none

module hg_queue #(
    parameter WIDTH       = 8,  // bits of an element
    parameter INDEX_WIDTH = 5,  // of its place
    parameter DEPTH       = 64,
    parameter ADDR_WIDTH  = 6,
    parameter LISTS       = 2,
    parameter LIST_WIDTH  = 1
) (
    input  wire                   clk_i,
    input  wire                   rst_i,
    input  wire                   write_i,
    input  wire                   last_i,        // of its list
    input  wire [ ADDR_WIDTH-1:0] write_addr_i,  // of the element, if none were zero
    input  wire [      WIDTH-1:0] write_data_i,
    input  wire [ ADDR_WIDTH-1:0] read_addr_i,
    output wire [      WIDTH-1:0] read_data_o,
    output wire [INDEX_WIDTH-1:0] read_index_o,
    input  wire [ LIST_WIDTH-1:0] list_i,
    output wire [  INDEX_WIDTH:0] count_o
);

  localparam [31:0] LAST = LISTS - 1;
  localparam [LIST_WIDTH-1:0] LAST_LIST = LAST[LIST_WIDTH-1:0];
  localparam [LIST_WIDTH-1:0] ONE_LIST = 1;
  localparam [INDEX_WIDTH-1:0] ONE_PLACE = 1;

  reg  [INDEX_WIDTH-1:0] place_q;  // of the element that comes
  reg  [  INDEX_WIDTH:0] kept_q;   // elements of its list before it
  reg  [ ADDR_WIDTH-1:0] addr_q;   // where it goes, unless it is the first
  reg  [ LIST_WIDTH-1:0] list_q;
  reg  [  INDEX_WIDTH:0] count_q[0:LISTS-1];

  wire                   is_kept = |write_data_i;
  wire [ ADDR_WIDTH-1:0] addr = place_q == {INDEX_WIDTH{1'b0}} ? write_addr_i : addr_q;
  wire [  INDEX_WIDTH:0] kept = kept_q + {{INDEX_WIDTH{1'b0}}, is_kept};

  always @(posedge clk_i) begin
    if (rst_i) begin
      place_q <= {INDEX_WIDTH{1'b0}};
      kept_q  <= {(INDEX_WIDTH + 1) {1'b0}};
      list_q  <= {LIST_WIDTH{1'b0}};
    end else if (write_i) begin
      place_q <= last_i ? {INDEX_WIDTH{1'b0}} : place_q + ONE_PLACE;
      kept_q  <= last_i ? {(INDEX_WIDTH + 1) {1'b0}} : kept;
      if (last_i) list_q <= list_q == LAST_LIST ? {LIST_WIDTH{1'b0}} : list_q + ONE_LIST;
    end
    if (write_i) addr_q <= addr + {{(ADDR_WIDTH - 1) {1'b0}}, is_kept};
    if (write_i && last_i) count_q[list_q] <= kept;
  end

  assign count_o = count_q[list_i];

  hg_ram #(
      .WIDTH     (WIDTH + INDEX_WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_ram (
      .clk_i       (clk_i),
      .write_i     (write_i && is_kept),
      .write_addr_i(addr),
      .write_data_i({place_q, write_data_i}),
      .read_addr_i (read_addr_i),
      .read_data_o ({read_index_o, read_data_o})
  );

endmodule

`default_nettype wire
