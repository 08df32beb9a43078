// tanh from a table of its values at equal steps and its symmetry: tanh_o = tanh(value_i), rounded half up
// to fewer bits where DROP says so. With half_i, tanh(value_i / 2), from which sigmoid(value) =
// (1 + tanh(value / 2)) / 2. The index rounds to nearest; arguments past the table take its last entry.
// Latency 2: the index, then the table. The table is stored (FORM 0), or made of stored values by straight lines (1), or
// of nothing but lines (2).
//
// As it stands: of Q3.12 in Q0.12, from tanh(k / 128), k = 0..511.
`default_nettype none

module hg_tanh_lookup #(
    parameter VALUE_WIDTH = 16,
    parameter SHIFT       = 5,    // index = value / 2^SHIFT; half_i needs 1 or more
    parameter DEPTH       = 512,  // entries: 2^n or 2^n + 1
    parameter ENTRY_WIDTH = 12,   // bits of an entry, unsigned
    parameter DROP        = 0,    // low bits of the result that are rounded away
    parameter OUT_WIDTH   = 13,   // at most ENTRY_WIDTH + 2 - DROP
    parameter FORM        = 0,    // 0, 1: hg_tanh_interpolated, 2: hg_tanh_piecewise
    parameter INIT_FILE   = ""
) (
    input  wire                          clk_i,
    input  wire signed [VALUE_WIDTH-1:0] value_i,
    input  wire                          half_i,
    output wire signed [  OUT_WIDTH-1:0] tanh_o
);

  localparam INDEX_WIDTH = $clog2(DEPTH);
  localparam [31:0] LAST = DEPTH - 1;
  localparam [VALUE_WIDTH:0] ONE = 1;

  // round(|v| / 2^shift) in one addition: |v| = (v ^ s) + s, s being the sign, which enters as the carry.
  wire is_negative = value_i[VALUE_WIDTH-1];
  wire [VALUE_WIDTH:0] half_step = half_i ? ONE << SHIFT : (ONE << SHIFT) >> 1;
  wire [VALUE_WIDTH:0] magnitude;
  wire carry;
  assign {magnitude, carry} =
      {1'b0, value_i ^ {VALUE_WIDTH{is_negative}}, 1'b1} + {half_step, is_negative};
  wire [VALUE_WIDTH:0] index = half_i ? magnitude >> (SHIFT + 1) : magnitude >> SHIFT;
  // Indices from DEPTH on are large, or from DEPTH - 1 on, where that is 2^n.
  wire is_large = |(index >> $clog2(DEPTH - 1));

  wire [INDEX_WIDTH-1:0] place = is_large ? LAST[INDEX_WIDTH-1:0] : index[INDEX_WIDTH-1:0];
  reg  [INDEX_WIDTH-1:0] index_q;
  reg  [            1:0] negative_q;

  always @(posedge clk_i) begin
    index_q    <= place;
    negative_q <= {negative_q[0], is_negative};
  end

  wire [ENTRY_WIDTH-1:0] entry;

  generate
    if (FORM == 0) begin : g_stored
      hg_rom #(
          .WIDTH     (ENTRY_WIDTH),
          .DEPTH     (DEPTH),
          .ADDR_WIDTH(INDEX_WIDTH),
          .INIT_FILE (INIT_FILE)
      ) u_table (
          .clk_i (clk_i),
          .addr_i(index_q),
          .data_o(entry)
      );
    end else if (FORM == 1) begin : g_interpolated
      hg_tanh_interpolated #(
          .WIDTH     (ENTRY_WIDTH),
          .DEPTH     (DEPTH),
          .ADDR_WIDTH(INDEX_WIDTH),
          .INIT_FILE (INIT_FILE)
      ) u_lines (
          .clk_i (clk_i),
          .addr_i(place),
          .data_o(entry)
      );
      wire unused = &index_q;
    end else begin : g_piecewise
      hg_tanh_piecewise #(
          .ADDR_WIDTH(INDEX_WIDTH)
      ) u_lines (
          .clk_i (clk_i),
          .addr_i(index_q),
          .data_o(entry)
      );
      wire unused = &INIT_FILE;
    end
  endgenerate

  // The sign and the half of the last place that remains, in one addition too.
  localparam [ENTRY_WIDTH+1:0] LAST_PLACE = 1;
  wire [ENTRY_WIDTH+1:0] inverted = {2'b00, entry} ^ {(ENTRY_WIDTH + 2) {negative_q[1]}};
  wire [ENTRY_WIDTH+1:0] rounded;
  wire rounded_carry;
  assign {rounded, rounded_carry} =
      {inverted, 1'b1} + {(LAST_PLACE << DROP) >> 1, negative_q[1]};

  assign tanh_o = rounded[DROP+:OUT_WIDTH];

  wire unused = &{carry, index, rounded_carry, rounded};

endmodule

`default_nettype wire
