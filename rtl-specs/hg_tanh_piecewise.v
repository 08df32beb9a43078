// What hg_tanh_piecewise must be, a cycle later: from PLAN's sigmoid of X = k / 64 >= 0, in units of 2^-12 (Amin, Curtis,
// Hayes-Gill, 1997, table 1): X / 4 + 1 / 2 below 1, X / 8 + 5 / 8 as long as it is below X / 32 + 27 / 32, this below 5, then 1;
// tanh(k / 128) = 2 sigmoid(X) - 1, at most 4095 / 4096.
`default_nettype none

module hg_tanh_piecewise_spec #(
    parameter ADDR_WIDTH = 9
) (
    input wire                  clk_i,
    input wire [ADDR_WIDTH-1:0] addr_i
);

  wire [11:0] data_o;

  hg_tanh_piecewise #(
      .ADDR_WIDTH(ADDR_WIDTH)
  ) dut (
      .clk_i (clk_i),
      .addr_i(addr_i),
      .data_o(data_o)
  );

  reg [ADDR_WIDTH-1:0] addr_p;
  always @(posedge clk_i) addr_p <= addr_i;

  integer x;        // in 64ths
  integer sigmoid;  // in 4096ths
  integer tanh;

  always @(*) begin
    x = addr_p;
    if (x < 64) sigmoid = x * 64 / 4 + 2048;
    else if (x * 64 / 8 + 2560 < x * 64 / 32 + 3456) sigmoid = x * 64 / 8 + 2560;
    else if (x < 5 * 64) sigmoid = x * 64 / 32 + 3456;
    else sigmoid = 4096;
    tanh = 2 * sigmoid - 4096;
    if (tanh > 4095) tanh = 4095;
    assert (data_o == tanh);
  end

endmodule

`default_nettype wire
