// AXI4-Stream: every number that comes in becomes its row of a table, element by element. With several
// tables, the numbers of a step take turns, one of each table. The tables lie one after the other in one
// memory; STARTS, SIZES (elements of a row) and LASTS (one less) have a field for each, the first lowest.
// From the number to the first element are 2 cycles; the next number is taken after the row's last element.
`default_nettype none

module hgi_embedding #(
    parameter                         WIDTH      = 8,
    parameter                         ID_WIDTH   = 7,
    parameter                         TABLES     = 1,
    parameter                         SIZE_WIDTH = 5,
    parameter                         ADDR_WIDTH = 11,
    parameter                         DEPTH      = 2048,
    parameter [TABLES*ADDR_WIDTH-1:0] STARTS     = 0,
    parameter [TABLES*SIZE_WIDTH-1:0] SIZES      = 16,
    parameter [TABLES*SIZE_WIDTH-1:0] LASTS      = 15,
    parameter                         INIT_FILE  = ""
) (
    input  wire                clk_i,
    input  wire                rst_i,
    input  wire                s_axis_tvalid,
    output wire                s_axis_tready,
    input  wire [ID_WIDTH-1:0] s_axis_tdata,
    input  wire                s_axis_tlast,
    output reg                 m_axis_tvalid,
    input  wire                m_axis_tready,
    output wire [   WIDTH-1:0] m_axis_tdata,
    output reg                 m_axis_tlast    // of all elements of a row
);

  localparam PRODUCT_WIDTH = ADDR_WIDTH + ID_WIDTH + SIZE_WIDTH;

  reg                  active_q;
  reg [SIZE_WIDTH-1:0] index_q;
  reg [ADDR_WIDTH-1:0] row_q;

  wire [ADDR_WIDTH-1:0] table_start;
  wire [SIZE_WIDTH-1:0] size;
  wire [SIZE_WIDTH-1:0] last;
  wire is_accepted = s_axis_tvalid && s_axis_tready;
  wire is_taken = m_axis_tvalid && m_axis_tready;
  wire is_end = is_taken && index_q == last;
  // The element after one that is taken is read in the same cycle.
  wire [SIZE_WIDTH-1:0] index = is_taken ? index_q + 1'b1 : index_q;
  wire [PRODUCT_WIDTH-1:0] offset = {{(PRODUCT_WIDTH - ID_WIDTH) {1'b0}}, s_axis_tdata}
                                  * {{(PRODUCT_WIDTH - SIZE_WIDTH) {1'b0}}, size};

  assign s_axis_tready = !active_q;

  generate
    if (TABLES > 1) begin : g_tables
      localparam TABLE_WIDTH = $clog2(TABLES);
      localparam [31:0] LAST_TABLE = TABLES - 1;

      reg [TABLE_WIDTH-1:0] table_q;

      assign table_start = STARTS[table_q*ADDR_WIDTH+:ADDR_WIDTH];
      assign size        = SIZES[table_q*SIZE_WIDTH+:SIZE_WIDTH];
      assign last        = LASTS[table_q*SIZE_WIDTH+:SIZE_WIDTH];

      always @(posedge clk_i) begin
        if (rst_i) table_q <= {TABLE_WIDTH{1'b0}};
        else if (is_end) begin
          table_q <= table_q == LAST_TABLE[TABLE_WIDTH-1:0] ? {TABLE_WIDTH{1'b0}} : table_q + 1'b1;
        end
      end
    end else begin : g_table
      assign table_start = STARTS;
      assign size        = SIZES;
      assign last        = LASTS;
    end
  endgenerate

  always @(posedge clk_i) begin
    if (rst_i) begin
      active_q      <= 1'b0;
      m_axis_tvalid <= 1'b0;
    end else begin
      active_q      <= is_accepted || (active_q && !is_end);
      m_axis_tvalid <= active_q && !is_end;
    end
    if (is_accepted) begin
      index_q      <= {SIZE_WIDTH{1'b0}};
      row_q        <= table_start + offset[ADDR_WIDTH-1:0];
      m_axis_tlast <= s_axis_tlast;
    end else begin
      index_q <= index;
    end
  end

  hg_rom #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH),
      .INIT_FILE (INIT_FILE)
  ) u_table (
      .clk_i (clk_i),
      .addr_i(row_q + {{(ADDR_WIDTH - SIZE_WIDTH) {1'b0}}, index}),
      .data_o(m_axis_tdata)
  );

  wire unused = &offset[PRODUCT_WIDTH-1:ADDR_WIDTH];

endmodule

`default_nettype wire
