// What hg_value must be: the last logit that came with valid, from the next cycle on. One step from any state.
`default_nettype none

module hg_value_spec (
    input wire               clk_i,
    input wire               valid_i,
    input wire signed [15:0] logit_i
);

  wire signed [15:0] value_o;

  hg_value dut (
      .clk_i  (clk_i),
      .valid_i(valid_i),
      .logit_i(logit_i),
      .value_o(value_o)
  );

  reg               valid_p;
  reg signed [15:0] logit_p;
  reg signed [15:0] value_p;

  always @(posedge clk_i) begin
    valid_p <= valid_i;
    logit_p <= logit_i;
    value_p <= value_o;
  end

  wire signed [15:0] expected = valid_p ? logit_p : value_p;

  always @(*) assert (value_o == expected);

endmodule

`default_nettype wire
