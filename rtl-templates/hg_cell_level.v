// Cell update with gates of three levels or two: c' = saturate(f * c + i * g), h from o * tanh(s * c').
// No multiplier: each gate is an AND and a shift, and with two levels no shift either.
//
// An int8 h is saturate(round(o * tanh(s * c'))), from a table over c. A ternary h is the sign of c' where
// o * tanh(s * c') reaches a decision point; tanh being monotonic, that is a comparison of c' with
// constants.
//
// Gates of one unit arrive in the order i, f, g, o, at most one per cycle, with any gaps. The gate's
// description (valid_i .. layer_i) comes one cycle before its value (level_i, candidate_i). h is written
// 4 cycles after o's value arrives, a ternary one 1 cycle after; c is kept here.
`default_nettype none

module hg_cell_level #(
    parameter LEVELS        = 3,                // of i, f, o: 3, or 2
    parameter ACT_WIDTH     = 8,                // of h: 8, Q0.7; 2, ternary
    parameter CELL_BITS     = 16,               // of c
    parameter CELL_FRACTION = 12,               // of these behind the point
    parameter LAYERS        = 1,
    parameter LAYER_WIDTH   = 1,
    parameter UNITS         = 32,               // of all layers together
    parameter UNIT_WIDTH    = 5,
    parameter HIDDEN_WIDTH  = 6,                // address bits of the h memory
    parameter [LAYERS*UNIT_WIDTH-1:0] CELL_BASES = 0,      // first unit of each layer
    parameter [2*LAYERS*HIDDEN_WIDTH-1:0] HIDDEN_BASES = 0,  // bank 0 of each layer, then bank 1
    // Ternary h, of each layer: least magnitudes of c for h = +1 and -1 at o = 1, then at o = 1/2.
    parameter [4*LAYERS*(CELL_BITS+1)-1:0] CELL_DECISIONS = 0,
    parameter SQUASH_WIDTH  = 12,               // bits of an entry of the table
    parameter TANH_FORM     = 0,                // as in hg_tanh_lookup
    parameter SQUASH_FILE   = ""
) (
    input  wire                            clk_i,
    input  wire                            rst_i,
    input  wire                            valid_i,
    input  wire        [              1:0] gate_i,   // 0..3: i, f, g, o
    input  wire                            first_i,  // of the layer
    input  wire                            last_i,
    input  wire                            fresh_i,  // c counts as zero: first step of a sequence
    input  wire                            bank_i,   // of h
    input  wire        [  LAYER_WIDTH-1:0] layer_i,
    input  wire        [              1:0] level_i,      // of i, f, o; one cycle after valid_i
    input  wire signed [CELL_FRACTION+1:0] candidate_i,  // g, with c's fraction; one cycle after valid_i
    output reg                             h_write_o,
    output reg         [ HIDDEN_WIDTH-1:0] h_addr_o,
    output reg  signed [    ACT_WIDTH-1:0] h_data_o,
    output reg                             done_o    // with the layer's last h
);

  localparam [1:0] GATE_I = 2'd0, GATE_F = 2'd1, GATE_G = 2'd2, GATE_O = 2'd3;

  reg                   valid_q;
  reg [            1:0] gate_q;
  reg                   first_q;
  reg                   last_q;
  reg                   fresh_q;
  reg                   bank_q;
  reg [LAYER_WIDTH-1:0] layer_q;

  always @(posedge clk_i) begin
    valid_q <= valid_i && !rst_i;
    gate_q  <= gate_i;
    first_q <= first_i;
    last_q  <= last_i;
    fresh_q <= fresh_i;
    bank_q  <= bank_i;
    layer_q <= layer_i;
  end

  // Unit whose gates are arriving; c of that unit is read before f needs it.
  reg [UNIT_WIDTH-1:0] unit_q;

  always @(posedge clk_i) begin
    if (valid_i && gate_i == GATE_I && first_i) unit_q <= CELL_BASES[layer_i*UNIT_WIDTH+:UNIT_WIDTH];
    else if (valid_i && gate_i == GATE_O) unit_q <= unit_q + 1'b1;
  end

  wire signed [ CELL_BITS-1:0] c_read;
  reg                          c_write_q;
  reg         [UNIT_WIDTH-1:0] c_addr_q;
  reg signed  [ CELL_BITS-1:0] c_q;

  hg_ram #(
      .WIDTH     (CELL_BITS),
      .DEPTH     (UNITS),
      .ADDR_WIDTH(UNIT_WIDTH)
  ) u_c (
      .clk_i       (clk_i),
      .write_i     (c_write_q),
      .write_addr_i(c_addr_q),
      .write_data_i(c_q),
      .read_addr_i (unit_q),
      .read_data_o (c_read)
  );

  reg         [          1:0] level_i_q;
  reg                         unit_first_q;
  reg signed  [CELL_BITS-1:0] kept_q;   // f * c
  wire signed [CELL_BITS-1:0] kept;
  wire signed [CELL_BITS-1:0] added;    // i * g
  wire signed [CELL_BITS-1:0] candidate = {
    {(CELL_BITS - CELL_FRACTION - 2) {candidate_i[CELL_FRACTION+1]}}, candidate_i
  };

  hg_shift_multiplier #(
      .LEVELS(LEVELS),
      .WIDTH (CELL_BITS)
  ) u_forget (
      .level_i  (level_i),
      .value_i  (c_read),
      .product_o(kept)
  );

  hg_shift_multiplier #(
      .LEVELS(LEVELS),
      .WIDTH (CELL_BITS)
  ) u_input (
      .level_i  (level_i_q),
      .value_i  (candidate),
      .product_o(added)
  );

  wire signed [CELL_BITS:0] c_sum = {kept_q[CELL_BITS-1], kept_q} + {added[CELL_BITS-1], added};
  wire                      c_overflows = c_sum[CELL_BITS] != c_sum[CELL_BITS-1];

  always @(posedge clk_i) begin
    c_write_q <= 1'b0;
    if (valid_q) begin
      case (gate_q)
        GATE_I: begin
          level_i_q    <= level_i;
          unit_first_q <= first_q;
        end
        GATE_F: kept_q <= fresh_q ? {CELL_BITS{1'b0}} : kept;
        GATE_G: begin
          c_write_q <= 1'b1;
          c_addr_q  <= unit_q;
          if (c_overflows) c_q <= {c_sum[CELL_BITS], {(CELL_BITS - 1) {~c_sum[CELL_BITS]}}};
          else c_q <= c_sum[CELL_BITS-1:0];
        end
        default: ;
      endcase
    end
  end

  // o, and from it h: write, its place, its value.
  localparam TAG_WIDTH = 3 + LAYER_WIDTH;
  wire                 o_valid = valid_q && gate_q == GATE_O;
  wire [TAG_WIDTH-1:0] o_tag = {layer_q, bank_q, last_q, unit_first_q};
  wire                 h_valid;
  wire [TAG_WIDTH-1:0] h_tag;
  wire [ACT_WIDTH-1:0] h;

  generate
    if (ACT_WIDTH == 2) begin : g_ternary
      assign h_valid = o_valid;
      assign h_tag   = o_tag;

      wire [4*(CELL_BITS+1)-1:0] decisions =
          CELL_DECISIONS[layer_q*4*(CELL_BITS+1)+:4*(CELL_BITS+1)];
      wire is_half = LEVELS == 3 && level_i[0];
      wire signed [CELL_BITS:0] plus_from =
          is_half ? decisions[2*(CELL_BITS+1)+:CELL_BITS+1] : decisions[0+:CELL_BITS+1];
      wire signed [CELL_BITS:0] minus_from =
          is_half ? decisions[3*(CELL_BITS+1)+:CELL_BITS+1] : decisions[CELL_BITS+1+:CELL_BITS+1];
      wire signed [CELL_BITS:0] c_wide = {c_q[CELL_BITS-1], c_q};
      wire is_open = level_i[1] || is_half;
      wire is_plus = is_open && c_wide >= plus_from;
      wire is_minus = is_open && c_wide <= -minus_from;
      assign h = {is_minus, is_plus || is_minus};

      wire unused = &SQUASH_FILE && TANH_FORM == 0;
    end else begin : g_int8
      // o waits three cycles for tanh(s * c) of its unit.
      localparam SQUASH_SHIFT = CELL_FRACTION >= 7 ? CELL_FRACTION - 7 : 0;
      // The table ends at |c| = 4, or where c does.
      localparam TO_FOUR = CELL_FRACTION >= 7 ? 512 : (4 << CELL_FRACTION) + 1;
      localparam TO_END = (1 << (CELL_BITS - 1 - SQUASH_SHIFT)) + 1;
      localparam DEPTH = TO_FOUR < TO_END ? TO_FOUR : TO_END;

      reg  [          1:0] level_o_q;
      reg  [          2:0] valid_waits_q;
      reg  [TAG_WIDTH-1:0] tag_waits_q   [0:2];

      always @(posedge clk_i) begin
        if (o_valid) level_o_q <= level_i;
        valid_waits_q  <= rst_i ? 3'b000 : {valid_waits_q[1:0], o_valid};
        tag_waits_q[0] <= o_tag;
        tag_waits_q[1] <= tag_waits_q[0];
        tag_waits_q[2] <= tag_waits_q[1];
      end

      assign h_valid = valid_waits_q[2];
      assign h_tag   = tag_waits_q[2];

      wire signed [SQUASH_WIDTH:0] tanh_c;
      reg signed  [SQUASH_WIDTH:0] tanh_q;

      hg_tanh_lookup #(
          .VALUE_WIDTH(CELL_BITS),
          .SHIFT      (SQUASH_SHIFT),
          .DEPTH      (DEPTH),
          .ENTRY_WIDTH(SQUASH_WIDTH),
          .OUT_WIDTH  (SQUASH_WIDTH + 1),
          .FORM       (TANH_FORM),
          .INIT_FILE  (SQUASH_FILE)
      ) u_tanh (
          .clk_i  (clk_i),
          .value_i(c_q),
          .half_i (1'b0),
          .tanh_o (tanh_c)
      );

      always @(posedge clk_i) tanh_q <= tanh_c;

      wire signed [SQUASH_WIDTH:0] output_gated;

      hg_shift_multiplier #(
          .LEVELS(LEVELS),
          .WIDTH (SQUASH_WIDTH + 1)
      ) u_output (
          .level_i  (level_o_q),
          .value_i  (tanh_q),
          .product_o(output_gated)
      );

      wire signed [SQUASH_WIDTH+1:0] h_sum = {output_gated[SQUASH_WIDTH], output_gated} + 16;
      wire signed [SQUASH_WIDTH-4:0] h_wide = h_sum[SQUASH_WIDTH+1:5];
      wire                           h_is_high = h_wide > 127;
      wire                           h_is_low = h_wide < -127;
      assign h = h_is_high ? 8'sd127 : h_is_low ? -8'sd127 : h_wide[7:0];

      wire unused = &h_sum[4:0];
    end
  endgenerate

  wire [LAYER_WIDTH-1:0] h_layer = h_tag[3+:LAYER_WIDTH];
  wire [HIDDEN_WIDTH-1:0] h_base0 = HIDDEN_BASES[h_layer*HIDDEN_WIDTH+:HIDDEN_WIDTH];
  wire [HIDDEN_WIDTH-1:0] h_base1 = HIDDEN_BASES[LAYERS*HIDDEN_WIDTH+h_layer*HIDDEN_WIDTH+:HIDDEN_WIDTH];

  always @(posedge clk_i) begin
    h_write_o <= h_valid && !rst_i;
    done_o    <= h_valid && h_tag[1] && !rst_i;
    if (h_valid) begin
      h_addr_o <= h_tag[0] ? (h_tag[2] ? h_base1 : h_base0) : h_addr_o + 1'b1;
      h_data_o <= h;
    end
  end

endmodule

`default_nettype wire
