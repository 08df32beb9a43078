// What a processing element for PACK pairs of {-1, 0, +1} must do. Two inductive steps from any state, one for each
// of its registers: each pair's product plus one is a number of true statements, counted in groups of
// 14; the next accumulator is 0 after a clear, else acc + all counts less one for each pair, which is
// acc + sum of act * weight.
`default_nettype none

module hg_pe_popcount_spec #(
    parameter PACK        = 8,
    parameter WEIGHT_BITS = 2,
    parameter ACC_WIDTH   = 12
) (
    input wire                        clk_i,
    input wire                        clear_i,
    input wire [          2*PACK-1:0] act_i,
    input wire [WEIGHT_BITS*PACK-1:0] weight_i
);

  localparam GROUP = 14;
  localparam GROUPS = (2 * PACK + GROUP - 1) / GROUP;

  wire clear_o;
  wire [2*PACK-1:0] act_o;
  wire [WEIGHT_BITS*PACK-1:0] weight_o;
  wire signed [ACC_WIDTH-1:0] acc_o;

  hg_pe_popcount #(
      .PACK       (PACK),
      .WEIGHT_BITS(WEIGHT_BITS),
      .ACC_WIDTH  (ACC_WIDTH)
  ) dut (
      .clk_i   (clk_i),
      .clear_i (clear_i),
      .act_i   (act_i),
      .weight_i(weight_i),
      .clear_o (clear_o),
      .act_o   (act_o),
      .weight_o(weight_o),
      .acc_o   (acc_o)
  );

  // What the unit has counted of the operands before, group by group.
  (* hierconn *) wire [3:0] \dut.g_group[0].count_q ;
  (* hierconn *) wire [3:0] \dut.g_group[1].count_q ;
  (* hierconn *) wire [3:0] \dut.g_group[2].count_q ;
  (* hierconn *) wire [3:0] \dut.g_group[3].count_q ;
  (* hierconn *) wire [3:0] \dut.g_group[4].count_q ;
  wire [19:0] counts = {
    \dut.g_group[4].count_q ,
    \dut.g_group[3].count_q ,
    \dut.g_group[2].count_q ,
    \dut.g_group[1].count_q ,
    \dut.g_group[0].count_q
  };

  reg clear_p;
  reg clear_pp;
  reg [2*PACK-1:0] act_p;
  reg [WEIGHT_BITS*PACK-1:0] weight_p;
  reg [19:0] counts_p;
  reg signed [ACC_WIDTH-1:0] acc_p;

  always @(posedge clk_i) begin
    {clear_p, clear_pp} <= {clear_i, clear_p};
    act_p    <= act_i;
    weight_p <= weight_i;
    counts_p <= counts;
    acc_p    <= acc_o;
  end

  // Pair by pair: 00 is 0, 01 is +1, 11 is -1; a binary weight is 0 for +1, 1 for -1. The statements "pair p is plus"
  // of all pairs, then "pair p is not minus" of all pairs: product + 1 of them are true of a pair.
  integer n;
  integer g;
  integer p;
  reg signed [1:0] act;
  reg signed [1:0] weight;
  reg [GROUP*GROUPS-1:0] statements;
  reg signed [31:0] counted;
  reg signed [31:0] held;
  reg signed [31:0] total;
  reg signed [31:0] next;

  always @(*) begin
    statements = 0;
    for (p = 0; p < PACK; p = p + 1) begin
      assume (act_i[2*p+:2] != 2'b10);
      act = act_p[2*p+:2];
      if (WEIGHT_BITS == 1) weight = weight_p[p] ? -2'sd1 : 2'sd1;
      else begin
        assume (weight_i[WEIGHT_BITS*p+:WEIGHT_BITS] != 2'b10);
        weight = weight_p[WEIGHT_BITS*p+:WEIGHT_BITS];
      end
      statements[p] = act != 0 && weight != 0 && act == weight;
      statements[PACK+p] = act == 0 || weight == 0 || act == weight;
    end

    total = -PACK;
    held = 0;
    for (g = 0; g < GROUPS; g = g + 1) begin
      counted = 0;
      for (n = 0; n < GROUP; n = n + 1) counted = counted + statements[GROUP*g+n];
      assert (counts[4*g+:4] == counted);
      held = held + counts[4*g+:4];
      total = total + counts_p[4*g+:4];
    end
    // There are no more than that: the step above.
    assume (held <= 2 * PACK);
    next = clear_pp ? 0 : acc_p + total;
    assert (acc_o == $signed(next[ACC_WIDTH-1:0]));
    assert (clear_o == clear_p && act_o == act_p && weight_o == weight_p);
  end

endmodule

`default_nettype wire
