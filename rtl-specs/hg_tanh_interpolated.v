// What hg_tanh_interpolated must be: of the 16 indices of a stored word {rise, value}, the n-th is value + n rise / 16,
// rounded half up. The word's address at once, the result two cycles later. The memory is cut out: the proof holds for any words
// whose sum is a value; those of the design are checked one by one.
`default_nettype none

module hg_tanh_interpolated_spec #(
    parameter WIDTH      = 12,
    parameter DEPTH      = 512,
    parameter ADDR_WIDTH = 9
) (
    input wire                  clk_i,
    input wire [ADDR_WIDTH-1:0] addr_i
);

  wire [WIDTH-1:0] data_o;

  hg_tanh_interpolated #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) dut (
      .clk_i (clk_i),
      .addr_i(addr_i),
      .data_o(data_o)
  );

  (* hierconn *) wire [ADDR_WIDTH-5:0] \dut.u_knots.addr_i ;
  (* hierconn *) wire [2*WIDTH-1:0] \dut.u_knots.data_o ;

  reg [ADDR_WIDTH-1:0] addr_1;
  reg [ADDR_WIDTH-1:0] addr_2;
  reg [ 2*WIDTH-1:0] word_1;

  always @(posedge clk_i) begin
    addr_1 <= addr_i;
    addr_2 <= addr_1;
    word_1 <= \dut.u_knots.data_o ;
  end

  reg [31:0] value;
  reg [31:0] rise;
  reg [31:0] line;

  always @(*) begin
    value = word_1[WIDTH-1:0];
    rise = word_1[2*WIDTH-1:WIDTH];
    line = (16 * value + (addr_2 % 16) * rise + 8) / 16;
    assume (value + rise < (1 << WIDTH));
    assert (\dut.u_knots.addr_i == addr_i / 16);
    assert (data_o == line);
  end

endmodule

`default_nettype wire
