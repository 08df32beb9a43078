// What hg_threshold must be: level = (acc >= low) + (acc >= high), for low <= high (docs/arithmetic.md,
// "Levels have no requantizer"), written as 0 halves, 1 half or 2 halves. Combinational.
//
// That low <= high holds is a property of the row memory; it is checked for every row of the design.
`default_nettype none

module hg_threshold_spec #(
    parameter ACC_WIDTH = 16
) (
    input wire signed [ACC_WIDTH-1:0] acc_i,
    input wire signed [ACC_WIDTH-1:0] low_i,
    input wire signed [ACC_WIDTH-1:0] high_i
);

  wire [1:0] level_o;

  hg_threshold #(
      .ACC_WIDTH(ACC_WIDTH)
  ) dut (
      .acc_i  (acc_i),
      .low_i  (low_i),
      .high_i (high_i),
      .level_o(level_o)
  );

  reg [1:0] expected;

  always @(*) begin
    expected = 2'd0;
    if (acc_i >= low_i) expected = expected + 2'd1;
    if (acc_i >= high_i) expected = expected + 2'd1;
    assume (low_i <= high_i);
    assert (level_o == expected);
  end

endmodule

`default_nettype wire
