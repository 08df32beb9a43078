// tanh of a Q3.12 value in Q0.12, from a table of tanh(k / 128), k = 0..511, and the symmetry of tanh.
// With half_i, tanh(value / 2), from which sigmoid(value) = (1 + tanh(value / 2)) / 2. The index rounds
// to nearest; arguments of 4 and more take the last entry. Latency 2: the index, then the table.
`default_nettype none

module hg_tanh_lookup #(
    parameter INIT_FILE = ""
) (
    input  wire               clk_i,
    input  wire signed [15:0] value_i,
    input  wire               half_i,
    output wire signed [12:0] tanh_o
);

  // round(|v| / 32), or round(|v| / 64) for half the argument, in one addition: |v| = (v ^ s) + s with
  // s the sign, and the rounding constant has no bit in common with s.
  wire        is_negative = value_i[15];
  wire [16:0] rounded = {1'b0, value_i ^ {16{is_negative}}} + {
    11'd0, half_i, ~half_i, 3'd0, is_negative
  };
  wire [10:0] index = half_i ? rounded[16:6] : rounded[15:5];
  wire        is_large = index[10] || index[9] || (rounded[16] && !half_i);

  reg  [ 8:0] index_q;
  reg  [ 1:0] negative_q;

  always @(posedge clk_i) begin
    index_q    <= index[8:0] | {9{is_large}};
    negative_q <= {negative_q[0], is_negative};
  end

  wire [11:0] entry;

  hg_rom #(
      .WIDTH     (12),
      .DEPTH     (512),
      .ADDR_WIDTH(9),
      .INIT_FILE (INIT_FILE)
  ) u_table (
      .clk_i (clk_i),
      .addr_i(index_q),
      .data_o(entry)
  );

  assign tanh_o = negative_q[1] ? -{1'b0, entry} : {1'b0, entry};

  wire unused = &rounded[4:0];

endmodule

`default_nettype wire
