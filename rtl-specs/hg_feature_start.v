// What hg_feature_start must be: base of the feature + token * 2^(its shift). Combinational.
`default_nettype none

module hg_feature_start_spec #(
    parameter FEATURES      = 2,
    parameter FEATURE_WIDTH = 1,
    parameter TOKEN_WIDTH   = 7,
    parameter START_WIDTH   = 8,
    parameter [FEATURES*START_WIDTH-1:0] BASES = 0,
    parameter [8*FEATURES-1:0] SHIFTS = 0
) (
    input wire [FEATURE_WIDTH-1:0] feature_i,
    input wire [  TOKEN_WIDTH-1:0] token_i
);

  wire [START_WIDTH-1:0] start_o;

  hg_feature_start #(
      .FEATURES     (FEATURES),
      .FEATURE_WIDTH(FEATURE_WIDTH),
      .TOKEN_WIDTH  (TOKEN_WIDTH),
      .START_WIDTH  (START_WIDTH),
      .BASES        (BASES),
      .SHIFTS       (SHIFTS)
  ) dut (
      .feature_i(feature_i),
      .token_i  (token_i),
      .start_o  (start_o)
  );

  integer f;
  reg [63:0] expected;
  reg [63:0] base;

  always @(*) begin
    expected = 0;
    base = 0;
    for (f = 0; f < FEATURES; f = f + 1) begin
      if (FEATURES == 1 || feature_i == f) begin
        base = (BASES >> (f * START_WIDTH)) & ((64'd1 << START_WIDTH) - 64'd1);
        expected = base + token_i * (64'd1 << ((SHIFTS >> (8 * f)) & 64'd255));
      end
    end
    assume (FEATURES == 1 || feature_i < FEATURES);
    // The memory's words are START_WIDTH bits of addresses; tokens lie within it.
    assume (expected < (64'd1 << START_WIDTH));
    assert (start_o == expected);
  end

endmodule

`default_nettype wire
