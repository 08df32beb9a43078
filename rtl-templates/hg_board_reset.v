// Reset of a board top: active from configuration on for 2^HOLD_BITS clocks, and as long again after each
// request. The wait also covers block RAM that is not readable at once when a device has been configured.
`default_nettype none

module hg_board_reset #(
    parameter HOLD_BITS = 10
) (
    input  wire clk_i,
    input  wire request_i,  // a button, or a clock generator out of lock: asynchronous, active high
    output wire rst_o
);

  reg [1:0] request_q;
  reg [HOLD_BITS:0] count_q;

  initial begin
    request_q = 2'b00;
    count_q   = {(HOLD_BITS + 1) {1'b0}};
  end

  assign rst_o = !count_q[HOLD_BITS];

  always @(posedge clk_i) begin
    request_q <= {request_q[0], request_i};
    if (request_q[1]) count_q <= {(HOLD_BITS + 1) {1'b0}};
    else if (rst_o) count_q <= count_q + 1'b1;
  end

endmodule

`default_nettype wire
