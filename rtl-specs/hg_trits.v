// What hg_trits must be: codes of -1, 0 and +1 alone, which give the byte again where five trits make it. All bytes, in
// one step.
`default_nettype none

module hg_trits_spec (
    input wire [7:0] byte_i
);

  wire [9:0] trits_o;

  hg_trits dut (
      .byte_i (byte_i),
      .trits_o(trits_o)
  );

  integer n, place, sum;
  reg signed [1:0] weight;

  always @(*) begin
    sum   = 0;
    place = 1;
    for (n = 0; n < 5; n = n + 1) begin
      weight = trits_o[2*n+:2];
      assert (weight != -2);
      sum   = sum + place * (weight < 0 ? 2 : weight);
      place = 3 * place;
    end
    assert (byte_i > 242 || sum == byte_i);
  end

endmodule

`default_nettype wire
