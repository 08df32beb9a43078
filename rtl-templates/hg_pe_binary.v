// One processing element for weights -1, +1: act_i moves south, weight_i east, one cycle each.
//
// acc_o + act or acc_o - act in one carry chain: the weight inverts the activation and enters as the
// carry. clear_i travels with the activations; in its cycle acc_o is complete, the column's drain reads
// it, and the next cycle starts from zero.
`default_nettype none

module hg_pe_binary #(
    parameter ACT_WIDTH = 8,  // activation bits, signed
    parameter ACC_WIDTH = 16  // accumulator bits, signed
) (
    input  wire                        clk_i,
    input  wire                        clear_i,
    input  wire signed [ACT_WIDTH-1:0] act_i,
    input  wire                        weight_i,  // 0 plus one, 1 minus one
    output reg                         clear_o,
    output reg  signed [ACT_WIDTH-1:0] act_o,
    output reg                         weight_o,
    output reg  signed [ACC_WIDTH-1:0] acc_o
);

  wire signed [ACT_WIDTH-1:0] addend = act_i ^ {ACT_WIDTH{weight_i}};
  // A layer with very few weights needs fewer accumulator bits than one activation has.
  localparam WIDE = ACT_WIDTH + ACC_WIDTH;
  wire signed [WIDE-1:0] wide = {{ACC_WIDTH{addend[ACT_WIDTH-1]}}, addend};
  // One extra bit at the bottom carries the sign in.
  wire [ACC_WIDTH:0] sum = {acc_o, 1'b1} + {wide[ACC_WIDTH-1:0], weight_i};

  always @(posedge clk_i) begin
    clear_o  <= clear_i;
    act_o    <= act_i;
    weight_o <= weight_i;
    if (clear_i) acc_o <= {ACC_WIDTH{1'b0}};
    else acc_o <= sum[ACC_WIDTH:1];
  end

  wire unused = &{sum[0], wide[WIDE-1:ACC_WIDTH]};

endmodule

`default_nettype wire
