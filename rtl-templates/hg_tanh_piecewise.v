// tanh in Q0.12 by three straight lines whose slopes are powers of two, then 1 less the last place: of index k, tanh(k /
// 128). The lines are those of PLAN (Amin, Curtis, Hayes-Gill, 1997), made for sigmoid(x) = (1 + tanh(x / 2)) / 2; the second
// ends where the third meets it:
//
//   k <  64:  32 k          tanh(x) = x
//   k < 150:  16 k + 1024             x / 2 + 1 / 4
//   k < 320:   4 k + 2816             x / 8 + 11 / 16
//
// data_o follows addr_i by one cycle.
`default_nettype none

module hg_tanh_piecewise #(
    parameter ADDR_WIDTH = 9
) (
    input  wire                  clk_i,
    input  wire [ADDR_WIDTH-1:0] addr_i,
    output reg  [          11:0] data_o
);

  wire [15:0] k = {{(16 - ADDR_WIDTH) {1'b0}}, addr_i};
  wire        is_first = k < 16'd64;
  wire        is_second = k < 16'd150;
  wire        is_line = k < 16'd320;

  wire [11:0] term = is_first ? {k[6:0], 5'd0} : is_second ? {k[7:0], 4'd0} : {k[9:0], 2'd0};
  wire [11:0] offset = is_first ? 12'd0 : is_second ? 12'd1024 : 12'd2816;

  always @(posedge clk_i) data_o <= is_line ? term + offset : 12'd4095;

  wire unused = &k[15:10];

endmodule

`default_nettype wire
