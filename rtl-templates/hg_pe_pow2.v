// One processing element for weights 0 and +-2^n: act_i moves south, weight_i east, one cycle each.
//
// A shift and one carry chain: the sign inverts the shifted activation and enters as the carry. clear_i
// travels with the activations; in its cycle acc_o is complete, the column's drain reads it, and the next
// cycle starts from zero.
`default_nettype none

module hg_pe_pow2 #(
    parameter ACT_WIDTH    = 8,  // activation bits, signed
    parameter WEIGHT_WIDTH = 4,  // 3: 0, +-1 .. +-4; 4: 0, +-1 .. +-64
    parameter ACC_WIDTH    = 22  // accumulator bits, signed
) (
    input  wire                           clk_i,
    input  wire                           clear_i,
    input  wire signed [   ACT_WIDTH-1:0] act_i,
    input  wire        [WEIGHT_WIDTH-1:0] weight_i,  // {negative, e}: 0 where e = 0, else +-2^(e-1)
    output reg                            clear_o,
    output reg  signed [   ACT_WIDTH-1:0] act_o,
    output reg         [WEIGHT_WIDTH-1:0] weight_o,
    output reg  signed [   ACC_WIDTH-1:0] acc_o
);

  localparam CODE_WIDTH = WEIGHT_WIDTH - 1;
  localparam SHIFT_MAX = (1 << CODE_WIDTH) - 2;
  localparam TERM_WIDTH = ACT_WIDTH + SHIFT_MAX;

  wire                  is_negative = weight_i[WEIGHT_WIDTH-1];
  wire [CODE_WIDTH-1:0] code = weight_i[CODE_WIDTH-1:0];
  wire [ ACT_WIDTH-1:0] act = act_i & {ACT_WIDTH{|code}};

  // Twice the term, so that the code itself is the shift.
  wire [  TERM_WIDTH:0] doubled = {{(SHIFT_MAX + 1) {act[ACT_WIDTH-1]}}, act} << code;
  wire [TERM_WIDTH-1:0] addend = doubled[TERM_WIDTH:1] ^ {TERM_WIDTH{is_negative}};
  // A layer with very few weights needs fewer accumulator bits than the largest term has.
  localparam WIDE = TERM_WIDTH + ACC_WIDTH;
  wire [WIDE-1:0] wide = {{ACC_WIDTH{addend[TERM_WIDTH-1]}}, addend};
  // One extra bit at the bottom carries is_negative in.
  wire [ACC_WIDTH:0] sum = {acc_o, 1'b1} + {wide[ACC_WIDTH-1:0], is_negative};

  always @(posedge clk_i) begin
    clear_o  <= clear_i;
    act_o    <= act_i;
    weight_o <= weight_i;
    if (clear_i) acc_o <= {ACC_WIDTH{1'b0}};
    else acc_o <= sum[ACC_WIDTH:1];
  end

  wire unused = &{doubled[0], sum[0], wide[WIDE-1:ACC_WIDTH]};

endmodule

`default_nettype wire
