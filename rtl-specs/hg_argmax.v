// What hg_argmax must be: the number of the largest logit since the first one, the lowest number where several are
// as large. An invariant, by induction from any state before the first logit.
`default_nettype none

module hg_argmax_spec #(
    parameter INDEX_WIDTH = 8
) (
    input wire               clk_i,
    input wire               valid_i,
    input wire               first_i,
    input wire signed [15:0] logit_i
);

  wire [INDEX_WIDTH-1:0] index_o;

  hg_argmax #(
      .INDEX_WIDTH(INDEX_WIDTH)
  ) dut (
      .clk_i  (clk_i),
      .valid_i(valid_i),
      .first_i(first_i),
      .logit_i(logit_i),
      .index_o(index_o)
  );

  // The sequence so far: how many logits, the largest of them, and its number.
  reg started = 1'b0;
  reg [31:0] count;
  reg signed [31:0] largest;
  reg [31:0] winner;

  always @(posedge clk_i) begin
    if (valid_i && first_i) begin
      started <= 1'b1;
      count <= 32'd1;
      largest <= logit_i;
      winner <= 32'd0;
    end else if (valid_i) begin
      count <= count + 32'd1;
      if (largest < logit_i) begin
        largest <= logit_i;
        winner <= count;
      end
    end
  end

  (* hierconn *) wire [15:0] \dut.best_q ;
  (* hierconn *) wire [INDEX_WIDTH-1:0] \dut.count_q ;
  wire signed [15:0] best = \dut.best_q ;

  always @(*) begin
    // Before the first logit there is nothing to say; numbers have INDEX_WIDTH bits.
    assume (started || !valid_i || first_i);
    assume (!started || count <= (32'd1 << INDEX_WIDTH));
    assume (!(valid_i && !first_i) || count < (32'd1 << INDEX_WIDTH));
    if (started) begin
      assert (index_o == winner);
      assert (best == largest);
      assert (\dut.count_q == count[INDEX_WIDTH-1:0]);
    end
  end

endmodule

`default_nettype wire
