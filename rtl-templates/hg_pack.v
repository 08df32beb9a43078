// Gathers elements that come one by one, in order, into words of PACK: element n of a word in its n-th
// field. A word leaves with its last element, or with last_i; fields behind that are zero.
`default_nettype none

module hg_pack #(
    parameter WIDTH       = 2,  // bits of an element
    parameter INDEX_WIDTH = 3,  // words hold 2^INDEX_WIDTH elements
    parameter ADDR_WIDTH  = 4   // address bits of a word
) (
    input  wire                                clk_i,
    input  wire                                write_i,
    input  wire                                last_i,
    input  wire [ADDR_WIDTH+INDEX_WIDTH-1:0]   addr_i,   // of the element
    input  wire [WIDTH-1:0]                    data_i,
    output wire                                write_o,
    output wire [ADDR_WIDTH-1:0]               addr_o,
    output wire [(WIDTH<<INDEX_WIDTH)-1:0]     data_o
);

  localparam WORD = WIDTH << INDEX_WIDTH;

  wire [INDEX_WIDTH-1:0] index = addr_i[INDEX_WIDTH-1:0];
  reg  [       WORD-1:0] word_q;

  genvar n;
  generate
    for (n = 0; n < WORD; n = n + WIDTH) begin : g_field
      localparam [31:0] FIELD = n / WIDTH;
      // The first element clears the fields behind it.
      assign data_o[n+:WIDTH] = index == FIELD[INDEX_WIDTH-1:0] ? data_i :
          word_q[n+:WIDTH] & {WIDTH{|index}};
    end
  endgenerate

  always @(posedge clk_i) if (write_i) word_q <= data_o;

  assign write_o = write_i && (last_i || &index);
  assign addr_o  = addr_i[ADDR_WIDTH+INDEX_WIDTH-1:INDEX_WIDTH];

endmodule

`default_nettype wire
