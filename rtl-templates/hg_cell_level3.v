// Cell update with three-level gates: c' = saturate(f * c + i * g), h = saturate(round(o * tanh(c'))).
// No multiplier: each gate is an AND and a shift.
//
// Gates of one unit arrive in the order i, f, g, o, at most one per cycle, with any gaps. The gate's
// description (valid_i .. layer_i) comes one cycle before its value (level_i, candidate_i). h is written
// 4 cycles after o's value arrives; c is kept here.
`default_nettype none

module hg_cell_level3 #(
    parameter LAYERS       = 1,
    parameter LAYER_WIDTH  = 1,
    parameter UNITS        = 32,                // of all layers together
    parameter UNIT_WIDTH   = 5,
    parameter HIDDEN_WIDTH = 6,                 // address bits of the h memory
    parameter [LAYERS*UNIT_WIDTH-1:0] CELL_BASES = 0,      // first unit of each layer
    parameter [2*LAYERS*HIDDEN_WIDTH-1:0] HIDDEN_BASES = 0,  // bank 0 of each layer, then bank 1
    parameter TANH_FILE = ""
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
    input  wire        [             1:0] level_i,      // of i, f, o; one cycle after valid_i
    input  wire signed [            12:0] candidate_i,  // g in Q0.12; one cycle after valid_i
    output reg                            h_write_o,
    output reg         [HIDDEN_WIDTH-1:0] h_addr_o,
    output reg  signed [             7:0] h_data_o,
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

  // Unit whose gates are arriving; c of that unit is read before g needs it.
  reg [UNIT_WIDTH-1:0] unit_q;

  always @(posedge clk_i) begin
    if (valid_i && gate_i == GATE_I && first_i) unit_q <= CELL_BASES[layer_i*UNIT_WIDTH+:UNIT_WIDTH];
    else if (valid_i && gate_i == GATE_O) unit_q <= unit_q + 1'b1;
  end

  wire signed [15:0] c_read;
  reg                c_write_q;
  reg [UNIT_WIDTH-1:0] c_addr_q;
  reg  signed [15:0] c_q;

  hg_ram #(
      .WIDTH     (16),
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

  reg  [1:0] level_i_q;
  reg  [1:0] level_f_q;
  reg  [1:0] level_o_q;
  reg        unit_first_q;

  // unit_q is two cycles ahead of g at least, so that c can be registered behind its memory.
  reg signed  [15:0] c_before;
  wire signed [15:0] kept;
  wire signed [15:0] added;

  hg_shift_multiplier #(
      .WIDTH(16)
  ) u_forget (
      .level_i  (level_f_q),
      .value_i  (c_before),
      .product_o(kept)
  );

  hg_shift_multiplier #(
      .WIDTH(16)
  ) u_input (
      .level_i  (level_i_q),
      .value_i  ({{3{candidate_i[12]}}, candidate_i}),
      .product_o(added)
  );

  wire signed [16:0] c_sum = {kept[15], kept} + {added[15], added};
  wire               c_overflows = c_sum[16] != c_sum[15];

  always @(posedge clk_i) begin
    c_before  <= fresh_q ? 16'sd0 : c_read;
    c_write_q <= 1'b0;
    if (valid_q) begin
      case (gate_q)
        GATE_I: begin
          level_i_q    <= level_i;
          unit_first_q <= first_q;
        end
        GATE_F: level_f_q <= level_i;
        GATE_G: begin
          c_write_q <= 1'b1;
          c_addr_q  <= unit_q;
          c_q       <= c_overflows ? {c_sum[16], {15{~c_sum[16]}}} : c_sum[15:0];
        end
        default: level_o_q <= level_i;
      endcase
    end
  end

  wire signed [12:0] tanh_c;
  reg  signed [12:0] tanh_q;

  hg_tanh_lookup #(
      .INIT_FILE(TANH_FILE)
  ) u_tanh (
      .clk_i  (clk_i),
      .value_i(c_q),
      .half_i (1'b0),
      .tanh_o (tanh_c)
  );

  always @(posedge clk_i) tanh_q <= tanh_c;

  // o waits three cycles for tanh(c) of its unit.
  reg [            2:0] o_valid_q;
  reg [            2:0] o_first_q;
  reg [            2:0] o_last_q;
  reg [            2:0] o_bank_q;
  reg [LAYER_WIDTH-1:0] o_layer_q  [0:2];

  always @(posedge clk_i) begin
    o_valid_q    <= rst_i ? 3'b000 : {o_valid_q[1:0], valid_q && gate_q == GATE_O};
    o_first_q    <= {o_first_q[1:0], unit_first_q};
    o_last_q     <= {o_last_q[1:0], last_q};
    o_bank_q     <= {o_bank_q[1:0], bank_q};
    o_layer_q[0] <= layer_q;
    o_layer_q[1] <= o_layer_q[0];
    o_layer_q[2] <= o_layer_q[1];
  end

  wire signed [12:0] output_gated;

  hg_shift_multiplier #(
      .WIDTH(13)
  ) u_output (
      .level_i  (level_o_q),
      .value_i  (tanh_q),
      .product_o(output_gated)
  );

  wire signed [13:0] h_sum = {output_gated[12], output_gated} + 14'sd16;
  wire signed [ 8:0] h_wide = h_sum[13:5];
  wire               h_is_high = h_wide > 9'sd127;
  wire               h_is_low = h_wide < -9'sd127;

  wire [HIDDEN_WIDTH-1:0] h_base0 = HIDDEN_BASES[o_layer_q[2]*HIDDEN_WIDTH+:HIDDEN_WIDTH];
  wire [HIDDEN_WIDTH-1:0] h_base1 = HIDDEN_BASES[LAYERS*HIDDEN_WIDTH+o_layer_q[2]*HIDDEN_WIDTH+:HIDDEN_WIDTH];

  always @(posedge clk_i) begin
    h_write_o <= o_valid_q[2] && !rst_i;
    done_o    <= o_valid_q[2] && o_last_q[2] && !rst_i;
    if (o_valid_q[2]) begin
      h_addr_o <= o_first_q[2] ? (o_bank_q[2] ? h_base1 : h_base0) : h_addr_o + 1'b1;
      h_data_o <= h_is_high ? 8'sd127 : h_is_low ? -8'sd127 : h_wide[7:0];
    end
  end

  wire unused = &h_sum[4:0];

endmodule

`default_nettype wire
