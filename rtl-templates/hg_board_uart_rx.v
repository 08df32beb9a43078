// UART receiver, 8 data bits, no parity, 1 stop bit, least significant bit first. Bits are sampled in their
// middle, counted from the falling edge of the start bit; a byte without a stop bit is dropped.
`default_nettype none

module hg_board_uart_rx #(
    parameter CLOCKS_PER_BIT = 104  // 4 or more
) (
    input  wire       clk_i,
    input  wire       rst_i,
    input  wire       rx_i,     // asynchronous
    output reg        valid_o,  // for one clock: data_o is a byte
    output reg  [7:0] data_o
);

  localparam COUNT_WIDTH = $clog2(CLOCKS_PER_BIT);
  localparam [31:0] WHOLE = CLOCKS_PER_BIT - 1;
  // The line has passed two registers when its edge is seen, and a third clock goes by to count.
  localparam [31:0] HALF = CLOCKS_PER_BIT / 2 - 2;

  reg [1:0] line_q;
  reg busy_q;
  reg [COUNT_WIDTH-1:0] count_q;
  reg [3:0] bit_q;  // 0: start, 1..8: data, 9: stop

  wire line = line_q[1];
  wire is_sample = busy_q && count_q == {COUNT_WIDTH{1'b0}};

  always @(posedge clk_i) begin
    line_q  <= {line_q[0], rx_i};
    valid_o <= 1'b0;
    if (rst_i) begin
      line_q <= 2'b11;
      busy_q <= 1'b0;
    end else if (!busy_q) begin
      busy_q  <= !line;
      count_q <= HALF[COUNT_WIDTH-1:0];
      bit_q   <= 4'd0;
    end else begin
      count_q <= is_sample ? WHOLE[COUNT_WIDTH-1:0] : count_q - 1'b1;
      if (is_sample) begin
        bit_q <= bit_q + 1'b1;
        if (bit_q == 4'd0) busy_q <= !line;
        else if (bit_q == 4'd9) begin
          busy_q  <= 1'b0;
          valid_o <= line;
        end else data_o <= {line, data_o[7:1]};
      end
    end
  end

endmodule

`default_nettype wire
