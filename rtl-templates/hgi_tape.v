// Read-only memory whose words are used in order: data_o follows next_i by one cycle. restart_i goes back to
// the first word, back_i to the one that was next at the last mark_i or restart_i.
`default_nettype none

module hgi_tape #(
    parameter WIDTH      = 8,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8,
    parameter INIT_FILE  = ""
) (
    input  wire             clk_i,
    input  wire             restart_i,
    input  wire             mark_i,
    input  wire             back_i,
    input  wire             next_i,
    output wire [WIDTH-1:0] data_o
);

  reg [ADDR_WIDTH-1:0] address_q;
  reg [ADDR_WIDTH-1:0] mark_q;

  always @(posedge clk_i) begin
    if (restart_i) mark_q <= {ADDR_WIDTH{1'b0}};
    else if (mark_i) mark_q <= address_q;
    if (restart_i) address_q <= {ADDR_WIDTH{1'b0}};
    else if (back_i) address_q <= mark_q;
    else if (next_i) address_q <= address_q + 1'b1;
  end

  hg_rom #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH),
      .INIT_FILE (INIT_FILE)
  ) u_rom (
      .clk_i (clk_i),
      .addr_i(address_q),
      .data_o(data_o)
  );

endmodule

`default_nettype wire
