// Number of the largest of the sums that come one by one after start_i; of equal ones the first.
`default_nettype none

module hgi_argmax #(
    parameter INDEX_WIDTH = 5
) (
    input  wire                          clk_i,
    input  wire                          start_i,
    input  wire                          valid_i,
    input  wire signed [           31:0] sum_i,
    output reg         [INDEX_WIDTH-1:0] index_o
);

  reg                          empty_q;
  reg        [INDEX_WIDTH-1:0] count_q;
  reg signed [           31:0] best_q;

  always @(posedge clk_i) begin
    if (start_i) begin
      empty_q <= 1'b1;
      count_q <= {INDEX_WIDTH{1'b0}};
    end else if (valid_i) begin
      empty_q <= 1'b0;
      count_q <= count_q + 1'b1;
      if (empty_q || sum_i > best_q) begin
        best_q  <= sum_i;
        index_o <= count_q;
      end
    end
  end

endmodule

`default_nettype wire
