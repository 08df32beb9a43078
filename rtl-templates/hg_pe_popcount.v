// One processing element for ternary activations and ternary or binary weights, PACK pairs per cycle:
// act_i moves south, weight_i east, one cycle each.
//
// A pair adds +1, 0 or -1. Counting that as 2, 1 or 0 gives each pair two bits to be counted, "is plus"
// and "is not minus", and PACK too much in all. Counted in two steps, one cycle apart: fourteen bits into
// one small register each, then these into the accumulator. So acc_o is complete in the cycle after
// clear_i, one later than in the other processing elements; the cycle after that starts from zero.
`default_nettype none

module hg_pe_popcount #(
    parameter PACK        = 8,
    parameter WEIGHT_BITS = 2,  // of one weight: 2 ternary, 1 binary
    parameter ACC_WIDTH   = 12  // accumulator bits, signed
) (
    input  wire                               clk_i,
    input  wire                               clear_i,
    input  wire        [          2*PACK-1:0] act_i,     // pair p: 00 zero, 01 plus, 11 minus one
    input  wire        [WEIGHT_BITS*PACK-1:0] weight_i,  // likewise; binary: 0 plus, 1 minus one
    output reg                                clear_o,
    output reg         [          2*PACK-1:0] act_o,
    output reg         [WEIGHT_BITS*PACK-1:0] weight_o,
    output reg  signed [       ACC_WIDTH-1:0] acc_o
);

  localparam GROUP = 14;
  localparam GROUPS = (2 * PACK + GROUP - 1) / GROUP;
  // Of -PACK..PACK, and of one group's count.
  localparam TOTAL_WIDTH = PACK < 8 ? 5 : $clog2(PACK + 1) + 1;
  localparam WIDE = TOTAL_WIDTH + ACC_WIDTH;

  wire [        PACK-1:0] is_plus;
  wire [        PACK-1:0] is_minus;
  wire [GROUP*GROUPS-1:0] ones = {
    {(GROUP * GROUPS - 2 * PACK) {1'b0}}, ~is_minus, is_plus
  };

  genvar p;
  generate
    for (p = 0; p < PACK; p = p + 1) begin : g_pair
      wire is_nonzero = act_i[2*p] && (WEIGHT_BITS == 1 || weight_i[WEIGHT_BITS*p]);
      wire is_negative = act_i[2*p+1] ^ weight_i[WEIGHT_BITS*p+WEIGHT_BITS-1];
      assign is_plus[p]  = is_nonzero && !is_negative;
      assign is_minus[p] = is_nonzero && is_negative;
    end
  endgenerate

  wire [4*GROUPS-1:0] counts;

  genvar g;
  generate
    for (g = 0; g < GROUPS; g = g + 1) begin : g_group
      reg     [3:0] count;
      reg     [3:0] count_q;
      integer       b;

      always @(*) begin
        count = 4'd0;
        for (b = 0; b < GROUP; b = b + 1) count = count + {3'd0, ones[GROUP*g+b]};
      end

      always @(posedge clk_i) count_q <= count;

      assign counts[4*g+:4] = count_q;
    end
  endgenerate

  localparam [31:0] EXCESS = PACK;

  reg signed [TOTAL_WIDTH-1:0] total;
  integer                      n;

  always @(*) begin
    total = -$signed(EXCESS[TOTAL_WIDTH-1:0]);
    for (n = 0; n < GROUPS; n = n + 1) total = total + {{(TOTAL_WIDTH - 4) {1'b0}}, counts[4*n+:4]};
  end

  // Very few weights need fewer accumulator bits than the total has.
  wire signed [WIDE-1:0] wide = {{ACC_WIDTH{total[TOTAL_WIDTH-1]}}, total};

  always @(posedge clk_i) begin
    clear_o  <= clear_i;
    act_o    <= act_i;
    weight_o <= weight_i;
    if (clear_o) acc_o <= {ACC_WIDTH{1'b0}};
    else acc_o <= acc_o + wide[ACC_WIDTH-1:0];
  end

  wire unused = &wide[WIDE-1:ACC_WIDTH];

endmodule

`default_nettype wire
