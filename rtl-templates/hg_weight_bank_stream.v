// The weights of one array row that a stream brings: lines of several operands' weights, written while other lines are
// read. The address, {taken, place in the line, line}, moves south with the activations, one row per cycle; weight_o follows
// addr_i by one cycle. Where nothing is taken it is zero, since what lies there may be anything, or just being written.
`default_nettype none

module hg_weight_bank_stream #(
    parameter WIDTH       = 2,  // of a weight, or of a word of them
    parameter OPERANDS    = 5,  // words of a line
    parameter PLACE_WIDTH = 3,
    parameter DEPTH       = 64, // lines
    parameter LINE_WIDTH  = 6
) (
    input  wire                            clk_i,
    input  wire                            write_i,
    input  wire [          LINE_WIDTH-1:0] write_line_i,
    input  wire [      OPERANDS*WIDTH-1:0] write_data_i,
    input  wire [PLACE_WIDTH+LINE_WIDTH:0] addr_i,
    output reg  [PLACE_WIDTH+LINE_WIDTH:0] addr_o,
    output wire [               WIDTH-1:0] weight_o
);

  wire [OPERANDS*WIDTH-1:0] line;

  always @(posedge clk_i) addr_o <= addr_i;

  hg_ram #(
      .WIDTH     (OPERANDS * WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(LINE_WIDTH)
  ) u_ram (
      .clk_i       (clk_i),
      .write_i     (write_i),
      .write_addr_i(write_line_i),
      .write_data_i(write_data_i),
      .read_addr_i (addr_i[LINE_WIDTH-1:0]),
      .read_data_o (line)
  );

  // What was asked for a cycle ago: whether anything was, and which word of the line.
  wire                   taken = addr_o[PLACE_WIDTH+LINE_WIDTH];
  wire [PLACE_WIDTH-1:0] place = addr_o[PLACE_WIDTH+LINE_WIDTH-1:LINE_WIDTH];

  generate
    if (OPERANDS == 1) begin : g_word
      assign weight_o = taken ? line : {WIDTH{1'b0}};

      wire unused_place = &place;
    end else begin : g_line
      assign weight_o = taken ? line[place*WIDTH+:WIDTH] : {WIDTH{1'b0}};
    end
  endgenerate

endmodule

`default_nettype wire
