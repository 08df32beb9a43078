// What hg_pack must do: a word leaves with its last element, or with last; its n-th field is the element that came n-th,
// and what lies behind the last is 0. An invariant, by induction from the first element of a word.
//
// Assumed: elements of a word come in order, from its first on.
`default_nettype none

module hg_pack_spec #(
    parameter WIDTH       = 2,
    parameter INDEX_WIDTH = 3,
    parameter ADDR_WIDTH  = 4
) (
    input wire                              clk_i,
    input wire                              write_i,
    input wire                              last_i,
    input wire [ADDR_WIDTH+INDEX_WIDTH-1:0] addr_i,
    input wire [                 WIDTH-1:0] data_i
);

  localparam FIELDS = 1 << INDEX_WIDTH;

  wire write_o;
  wire [ADDR_WIDTH-1:0] addr_o;
  wire [WIDTH*FIELDS-1:0] data_o;

  hg_pack #(
      .WIDTH      (WIDTH),
      .INDEX_WIDTH(INDEX_WIDTH),
      .ADDR_WIDTH (ADDR_WIDTH)
  ) dut (
      .clk_i  (clk_i),
      .write_i(write_i),
      .last_i (last_i),
      .addr_i (addr_i),
      .data_i (data_i),
      .write_o(write_o),
      .addr_o (addr_o),
      .data_o (data_o)
  );

  // Elements of the word so far: how many, and which.
  reg [31:0] count = 0;
  reg [WIDTH*FIELDS-1:0] elements = 0;

  wire [31:0] place = addr_i[INDEX_WIDTH-1:0];
  wire [WIDTH*FIELDS-1:0] with_this = elements | (data_i << (place * WIDTH));
  wire leaves = write_i && (last_i || place == FIELDS - 1);

  always @(posedge clk_i)
    if (leaves) begin
      count <= 0;
      elements <= 0;
    end else if (write_i) begin
      count <= count + 1;
      elements <= with_this;
    end

  (* hierconn *) wire [WIDTH*FIELDS-1:0] \dut.word_q ;

  always @(*) begin
    assume (!write_i || place == count);
    assert (write_o == leaves);
    if (leaves) assert (data_o == with_this && addr_o == (addr_i >> INDEX_WIDTH));
    // What the rest rests on.
    assert (count < FIELDS && (elements >> (count * WIDTH)) == 0);
    if (count > 0) assert (\dut.word_q == elements);
  end

endmodule

`default_nettype wire
