// Index of the largest of a sequence of logits; the lowest index wins a tie. first_i marks the
// sequence's first logit. index_o is valid from the cycle after the last logit until the next first one.
`default_nettype none

module hg_argmax #(
    parameter INDEX_WIDTH = 8
) (
    input  wire                          clk_i,
    input  wire                          valid_i,
    input  wire                          first_i,
    input  wire signed [           15:0] logit_i,
    output reg         [INDEX_WIDTH-1:0] index_o
);

  reg signed [           15:0] best_q;
  reg        [INDEX_WIDTH-1:0] count_q;

  wire is_better = first_i || logit_i > best_q;

  always @(posedge clk_i) begin
    if (valid_i) begin
      count_q <= first_i ? {{(INDEX_WIDTH - 1) {1'b0}}, 1'b1} : count_q + 1'b1;
      if (is_better) begin
        best_q  <= logit_i;
        index_o <= first_i ? {INDEX_WIDTH{1'b0}} : count_q;
      end
    end
  end

endmodule

`default_nettype wire
