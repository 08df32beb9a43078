// UART transmitter, 8 data bits, no parity, 1 stop bit, least significant bit first.
`default_nettype none

module hg_board_uart_tx #(
    parameter CLOCKS_PER_BIT = 104  // 2 or more
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       valid_i,
    output wire       ready_o,
    input  wire [7:0] data_i,
    output wire       tx_o
);

  localparam COUNT_WIDTH = $clog2(CLOCKS_PER_BIT);
  localparam [31:0] WHOLE = CLOCKS_PER_BIT - 1;

  reg [8:0] shift_q;  // what follows the bit on the line, ones behind
  reg [3:0] bits_q;   // bits on the line or still to come
  reg [COUNT_WIDTH-1:0] count_q;
  reg line_q;

  // A line that is low before the first clock would look like a byte.
  initial line_q = 1'b1;

  wire is_idle = bits_q == 4'd0;

  assign ready_o = is_idle;
  assign tx_o = line_q;

  always @(posedge clk_i) begin
    if (rst_i) begin
      bits_q <= 4'd0;
      line_q <= 1'b1;
    end else if (is_idle) begin
      if (valid_i) begin
        line_q  <= 1'b0;
        shift_q <= {1'b1, data_i};
        bits_q  <= 4'd10;
        count_q <= WHOLE[COUNT_WIDTH-1:0];
      end
    end else if (count_q == {COUNT_WIDTH{1'b0}}) begin
      line_q  <= shift_q[0];
      shift_q <= {1'b1, shift_q[8:1]};
      bits_q  <= bits_q - 1'b1;
      count_q <= WHOLE[COUNT_WIDTH-1:0];
    end else count_q <= count_q - 1'b1;
  end

endmodule

`default_nettype wire
