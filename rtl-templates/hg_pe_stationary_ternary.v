// One weight-stationary processing element for weights -1, 0, +1: activations move east, sums south, one cycle
// each, past a weight that stays.
//
// psum + act, psum - act or psum, in one carry chain: the sign bit inverts the activation and enters as the carry.
// The next tile's weights shift in from the north meanwhile: shift_i takes one from the neighbour, swap_i, one cycle
// ahead of a tile's first activation, makes the one that has arrived the weight in use.
`default_nettype none

module hg_pe_stationary_ternary #(
    parameter ACT_WIDTH = 8,  // activation bits, signed
    parameter SUM_WIDTH = 16  // bits of the sums, signed
) (
    input  wire                        clk_i,
    input  wire                        swap_i,
    input  wire                        shift_i,
    input  wire        [          1:0] weight_i,  // 00 zero, 01 plus one, 11 minus one
    input  wire signed [ACT_WIDTH-1:0] act_i,
    input  wire signed [SUM_WIDTH-1:0] psum_i,
    output reg                         swap_o,
    output reg                         shift_o,
    output reg         [          1:0] weight_o,  // the weight that waits
    output reg  signed [ACT_WIDTH-1:0] act_o,
    output reg  signed [SUM_WIDTH-1:0] psum_o
);

  reg [1:0] weight_q;

  wire is_negative = weight_q[1];
  wire is_nonzero = weight_q[0];

  wire signed [ACT_WIDTH-1:0] addend = (act_i ^ {ACT_WIDTH{is_negative}}) & {ACT_WIDTH{is_nonzero}};
  // Very few weights need fewer bits than one activation has.
  localparam WIDE = ACT_WIDTH + SUM_WIDTH;
  wire signed [WIDE-1:0] wide = {{SUM_WIDTH{addend[ACT_WIDTH-1]}}, addend};
  // One extra bit at the bottom carries is_negative in.
  wire [SUM_WIDTH:0] sum = {psum_i, 1'b1} + {wide[SUM_WIDTH-1:0], is_negative};

  always @(posedge clk_i) begin
    swap_o  <= swap_i;
    shift_o <= shift_i;
    act_o   <= act_i;
    psum_o  <= sum[SUM_WIDTH:1];
    if (shift_i) weight_o <= weight_i;
    if (swap_i) weight_q <= weight_o;
  end

  wire unused = &{sum[0], wide[WIDE-1:SUM_WIDTH]};

endmodule

`default_nettype wire
