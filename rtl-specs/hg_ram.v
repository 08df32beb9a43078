// What hg_ram must be. A step from any state: a word reads as it was, but for a write to it in between, from which
// on it reads what was written. By induction on the writes, a word always reads what was written last.
`default_nettype none

module hg_ram_spec #(
    parameter WIDTH      = 8,
    parameter DEPTH      = 16,
    parameter ADDR_WIDTH = 4
) (
    input wire                  clk_i,
    input wire                  write_i,
    input wire [ADDR_WIDTH-1:0] write_addr_i,
    input wire [     WIDTH-1:0] write_data_i,
    input wire [ADDR_WIDTH-1:0] read_addr_i
);

  wire [WIDTH-1:0] read_data_o;

  hg_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) dut (
      .clk_i       (clk_i),
      .write_i     (write_i),
      .write_addr_i(write_addr_i),
      .write_data_i(write_data_i),
      .read_addr_i (read_addr_i),
      .read_data_o (read_data_o)
  );

  // Of one cycle ago and of two.
  reg [ADDR_WIDTH-1:0] read_1, read_2;
  reg [WIDTH-1:0] data_1;
  reg write_1, write_2;
  reg [ADDR_WIDTH-1:0] address_1, address_2;
  reg [WIDTH-1:0] written_1, written_2;

  always @(posedge clk_i) begin
    {read_1, read_2} <= {read_addr_i, read_1};
    {write_1, write_2} <= {write_i, write_1};
    {address_1, address_2} <= {write_addr_i, address_1};
    {written_1, written_2} <= {write_data_i, written_1};
    data_1 <= read_data_o;
  end

  wire [WIDTH-1:0] expected = write_2 && address_2 == read_1 ? written_2 : data_1;

  always @(*) begin
    assume (write_addr_i < DEPTH);
    assume (read_addr_i < DEPTH);
    // The same word, read twice.
    if (read_1 == read_2) assert (read_data_o == expected);
  end

endmodule

`default_nettype wire
