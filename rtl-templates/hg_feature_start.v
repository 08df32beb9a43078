// Where the row of a feature's value begins: rows of all features lie in one memory, those of a feature
// 2^SHIFT units apart from BASE on, in units of the narrowest rows. Combinational.
`default_nettype none

module hg_feature_start #(
    parameter FEATURES      = 2,
    parameter FEATURE_WIDTH = 1,
    parameter TOKEN_WIDTH   = 7,
    parameter START_WIDTH   = 8,
    parameter [FEATURES*START_WIDTH-1:0] BASES = 0,  // first feature lowest
    parameter [8*FEATURES-1:0] SHIFTS = 0
) (
    input  wire [FEATURE_WIDTH-1:0] feature_i,
    input  wire [  TOKEN_WIDTH-1:0] token_i,
    output wire [  START_WIDTH-1:0] start_o
);

  wire [FEATURES*START_WIDTH-1:0] offsets;

  genvar f;
  generate
    for (f = 0; f < FEATURES; f = f + 1) begin : g_feature
      wire [START_WIDTH+TOKEN_WIDTH-1:0] wide = {{START_WIDTH{1'b0}}, token_i} << SHIFTS[8*f+:8];
      assign offsets[START_WIDTH*f+:START_WIDTH] = wide[START_WIDTH-1:0];
      wire unused = &wide[START_WIDTH+TOKEN_WIDTH-1:START_WIDTH];
    end
    if (FEATURES > 1) begin : g_several
      assign start_o = BASES[feature_i*START_WIDTH+:START_WIDTH] + offsets[feature_i*START_WIDTH+:START_WIDTH];
    end else begin : g_one
      assign start_o = BASES + offsets;
      wire unused = &feature_i;
    end
  endgenerate

endmodule

`default_nettype wire
