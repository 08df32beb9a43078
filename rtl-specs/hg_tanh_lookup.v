// What hg_tanh_lookup must be (docs/arithmetic.md, "Tables"): the table's argument is |value| / 2^SHIFT, with half
// |value| / 2^(SHIFT+1), rounded to nearest, halves up, and clamped to the last entry; the result is the entry with
// the value's sign, without its DROP lowest bits, rounded half up. Index after one cycle, result after two.
//
// The table, stored or computed, is cut out: the proof holds for any entries. Those that a design stores are checked one by
// one, and what computes them has a specification of its own.
`default_nettype none

module hg_tanh_lookup_spec #(
    parameter VALUE_WIDTH = 16,
    parameter SHIFT       = 5,
    parameter DEPTH       = 512,
    parameter ENTRY_WIDTH = 12,
    parameter DROP        = 0,
    parameter OUT_WIDTH   = 13,
    parameter FORM        = 0
) (
    input wire                          clk_i,
    input wire signed [VALUE_WIDTH-1:0] value_i,
    input wire                          half_i
);

  localparam INDEX_WIDTH = $clog2(DEPTH);

  wire signed [OUT_WIDTH-1:0] tanh_o;

  hg_tanh_lookup #(
      .VALUE_WIDTH(VALUE_WIDTH),
      .SHIFT      (SHIFT),
      .DEPTH      (DEPTH),
      .ENTRY_WIDTH(ENTRY_WIDTH),
      .DROP       (DROP),
      .OUT_WIDTH  (OUT_WIDTH),
      .FORM       (FORM)
  ) dut (
      .clk_i  (clk_i),
      .value_i(value_i),
      .half_i (half_i),
      .tanh_o (tanh_o)
  );

  (* hierconn *) wire [INDEX_WIDTH-1:0] \dut.index_q ;
  (* hierconn *) wire [ENTRY_WIDTH-1:0] \dut.entry ;

  // Inputs of one and two cycles ago.
  reg signed [VALUE_WIDTH-1:0] value_1;
  reg signed [VALUE_WIDTH-1:0] value_2;
  reg half_1;

  always @(posedge clk_i) begin
    value_1 <= value_i;
    value_2 <= value_1;
    half_1  <= half_i;
  end

  integer shift;
  reg signed [47:0] magnitude;
  reg signed [47:0] index;
  reg signed [47:0] entry;
  reg signed [47:0] result;
  reg signed [47:0] actual;

  always @(*) begin
    magnitude = value_1;
    if (value_1 < 0) magnitude = -magnitude;
    shift = SHIFT + half_1;
    index = shift == 0 ? magnitude : (magnitude + (48'sd1 <<< (shift - 1))) >>> shift;
    if (index > DEPTH - 1) index = DEPTH - 1;

    entry = {1'b0, \dut.entry };
    if (value_2 < 0) entry = -entry;
    result = DROP == 0 ? entry : (entry + (48'sd1 <<< (DROP > 0 ? DROP - 1 : 0))) >>> DROP;
    actual = tanh_o;

    assume (!half_i || SHIFT > 0);
    assert (\dut.index_q == index);
    assert (actual == result);
  end

endmodule

`default_nettype wire
