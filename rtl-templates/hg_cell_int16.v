// Cell update with table gates: c' = saturate(round(f * c + i * g)), h from o * tanh(s * c').
// Two multipliers: one for f * c and i * g in turn, one for o * tanh(s * c').
//
// An int8 h is saturate(round(o * tanh(s * c'))); a ternary h is its sign where it reaches a decision
// point.
//
// Gates of one unit arrive in the order i, f, g, o, at most one per cycle, with any gaps. The gate's
// description (valid_i .. layer_i) comes one cycle before its value (value_i). h is written 7 cycles
// after o's value arrives; c is kept here.
`default_nettype none

module hg_cell_int16 #(
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
    parameter [13*LAYERS-1:0] HIDDEN_DECISIONS = 0,  // Q0.12, of each layer: where a ternary h turns
    parameter SQUASH_WIDTH  = 12,               // bits of an entry of the table
    parameter TANH_FORM     = 0,                // as in hg_tanh_lookup
    parameter SQUASH_FILE   = ""
) (
    input  wire                           clk_i,
    input  wire                           rst_i,
    input  wire                           valid_i,
    input  wire        [             1:0] gate_i,   // 0..3: i, f, g, o
    input  wire                           first_i,  // of the layer
    input  wire                           last_i,
    input  wire                           fresh_i,  // c counts as zero: first step of a sequence
    input  wire                           bank_i,   // of h
    input  wire        [ LAYER_WIDTH-1:0] layer_i,
    input  wire signed [            13:0] value_i,  // i, f, o in Q0.13, g in Q0.12; one cycle later
    output reg                            h_write_o,
    output reg         [HIDDEN_WIDTH-1:0] h_addr_o,
    output reg  signed [   ACT_WIDTH-1:0] h_data_o,
    output reg                            done_o    // with the layer's last h
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
  reg         [UNIT_WIDTH-1:0] c_addr_q;
  reg signed  [ CELL_BITS-1:0] c_q;

  hg_ram #(
      .WIDTH     (CELL_BITS),
      .DEPTH     (UNITS),
      .ADDR_WIDTH(UNIT_WIDTH)
  ) u_c (
      .clk_i       (clk_i),
      .write_i     (product_q[2]),
      .write_addr_i(c_addr_q),
      .write_data_i(c_q),
      .read_addr_i (unit_q),
      .read_data_o (c_read)
  );

  reg signed [13:0] gate_i_q;
  reg signed [13:0] gate_o_q;
  reg               unit_first_q;

  // f * c, then i * g, through one multiplier: its operands, the sum, the new c. The sum has 25 fraction
  // bits, f * c COARSE fewer, c SUM_FRACTION fewer.
  localparam COARSE = 12 - CELL_FRACTION;
  localparam SUM_FRACTION = 25 - CELL_FRACTION;
  localparam SUM_WIDTH = CELL_BITS + 1 + SUM_FRACTION;
  localparam VALUE_WIDTH = CELL_BITS > 14 ? CELL_BITS : 14;
  localparam PRODUCT_WIDTH = 14 + VALUE_WIDTH;
  localparam signed [SUM_WIDTH-1:0] ONE = 1;

  wire                          is_forget = gate_q == GATE_F;
  reg signed  [           13:0] factor_q;
  reg signed  [VALUE_WIDTH-1:0] value_q;
  reg                           start_q;    // of the sum
  reg         [            2:0] product_q;  // [0] operands are there; [2:1] the sum is complete, c is
  reg signed  [  SUM_WIDTH-1:0] sum_q;      // with one half of c's last place added

  wire signed [    CELL_BITS-1:0] c_before = fresh_q ? {CELL_BITS{1'b0}} : c_read;
  wire signed [PRODUCT_WIDTH-1:0] product = factor_q * value_q;
  wire signed [    SUM_WIDTH-1:0] wide = {
    {(SUM_WIDTH - PRODUCT_WIDTH) {product[PRODUCT_WIDTH-1]}}, product
  };
  wire signed [    SUM_WIDTH-1:0] addend = start_q ? wide <<< COARSE : wide;
  wire signed [    SUM_WIDTH-1:0] augend = start_q ? ONE <<< (SUM_FRACTION - 1) : sum_q;
  wire signed [      CELL_BITS:0] c_wide = sum_q[SUM_WIDTH-1:SUM_FRACTION];
  wire                            c_overflows = c_wide[CELL_BITS] != c_wide[CELL_BITS-1];

  always @(posedge clk_i) begin
    product_q <= {product_q[1], product_q[0] && !start_q, 1'b0};
    start_q   <= is_forget;
    factor_q  <= is_forget ? value_i : gate_i_q;
    if (is_forget) value_q <= {{(VALUE_WIDTH - CELL_BITS) {c_before[CELL_BITS-1]}}, c_before};
    else value_q <= {{(VALUE_WIDTH - 14) {value_i[13]}}, value_i};
    if (product_q[0]) sum_q <= addend + augend;
    if (product_q[1]) begin
      if (c_overflows) c_q <= {c_wide[CELL_BITS], {(CELL_BITS - 1) {~c_wide[CELL_BITS]}}};
      else c_q <= c_wide[CELL_BITS-1:0];
    end
    if (valid_q) begin
      case (gate_q)
        GATE_I: begin
          gate_i_q     <= value_i;
          unit_first_q <= first_q;
        end
        GATE_F: product_q[0] <= 1'b1;
        GATE_G: begin
          product_q[0] <= 1'b1;
          c_addr_q     <= unit_q;
        end
        default: gate_o_q <= value_i;
      endcase
    end
  end

  localparam SQUASH_SHIFT = CELL_FRACTION >= 7 ? CELL_FRACTION - 7 : 0;
  // The table ends at |c| = 4, or where c does.
  localparam TO_FOUR = CELL_FRACTION >= 7 ? 512 : (4 << CELL_FRACTION) + 1;
  localparam TO_END = (1 << (CELL_BITS - 1 - SQUASH_SHIFT)) + 1;

  wire signed [SQUASH_WIDTH:0] tanh_c;
  reg signed  [SQUASH_WIDTH:0] tanh_q;

  hg_tanh_lookup #(
      .VALUE_WIDTH(CELL_BITS),
      .SHIFT      (SQUASH_SHIFT),
      .DEPTH      (TO_FOUR < TO_END ? TO_FOUR : TO_END),
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

  // o waits five cycles for tanh(c) of its unit, while the next o may arrive, then one for the product.
  reg [            5:0] o_valid_q;
  reg [            5:0] o_first_q;
  reg [            5:0] o_last_q;
  reg [            5:0] o_bank_q;
  reg [LAYER_WIDTH-1:0] o_layer_q[0:5];
  integer               n;

  always @(posedge clk_i) begin
    o_valid_q    <= rst_i ? 6'b000000 : {o_valid_q[4:0], valid_q && gate_q == GATE_O};
    o_first_q    <= {o_first_q[4:0], unit_first_q};
    o_last_q     <= {o_last_q[4:0], last_q};
    o_bank_q     <= {o_bank_q[4:0], bank_q};
    o_layer_q[0] <= layer_q;
    for (n = 1; n < 6; n = n + 1) o_layer_q[n] <= o_layer_q[n-1];
  end

  localparam OUTPUT_WIDTH = 15 + SQUASH_WIDTH;

  reg signed  [            13:0] waiting_o_q;
  reg signed  [OUTPUT_WIDTH-1:0] output_q;  // 25 fraction bits
  wire        [   ACT_WIDTH-1:0] h;

  generate
    if (ACT_WIDTH == 2) begin : g_ternary
      wire [12:0] decision = HIDDEN_DECISIONS[o_layer_q[5]*13+:13];
      wire signed [OUTPUT_WIDTH-1:0] limit = {{(OUTPUT_WIDTH - 26) {1'b0}}, decision, 13'd0};
      wire is_plus = output_q >= limit;
      wire is_minus = output_q <= -limit;
      assign h = {is_minus, is_plus || is_minus};
    end else begin : g_int8
      wire signed [OUTPUT_WIDTH-1:0] h_sum = output_q + 131072;
      wire signed [OUTPUT_WIDTH-19:0] h_wide = h_sum[OUTPUT_WIDTH-1:18];
      wire h_is_high = h_wide > 127;
      wire h_is_low = h_wide < -127;
      assign h = h_is_high ? 8'sd127 : h_is_low ? -8'sd127 : h_wide[7:0];
      wire unused = &h_sum[17:0];
    end
  endgenerate

  wire [HIDDEN_WIDTH-1:0] h_base0 = HIDDEN_BASES[o_layer_q[5]*HIDDEN_WIDTH+:HIDDEN_WIDTH];
  wire [HIDDEN_WIDTH-1:0] h_base1 = HIDDEN_BASES[LAYERS*HIDDEN_WIDTH+o_layer_q[5]*HIDDEN_WIDTH+:HIDDEN_WIDTH];

  always @(posedge clk_i) begin
    if (o_valid_q[3]) waiting_o_q <= gate_o_q;
    output_q  <= waiting_o_q * tanh_q;
    h_write_o <= o_valid_q[5] && !rst_i;
    done_o    <= o_valid_q[5] && o_last_q[5] && !rst_i;
    if (o_valid_q[5]) begin
      h_addr_o <= o_first_q[5] ? (o_bank_q[5] ? h_base1 : h_base0) : h_addr_o + 1'b1;
      h_data_o <= h;
    end
  end

endmodule

`default_nettype wire
