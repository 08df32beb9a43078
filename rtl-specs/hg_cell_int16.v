// What hg_cell_int16 must do (docs/arithmetic.md, "The cell"), f, i, o in Q0.13, g and tanh in Q0.12, c with
// CELL_FRACTION bits behind the point:
//
//   c' = saturate(floor((f * c * 2^(12 - CELL_FRACTION) + i * g + half) / 2^(25 - CELL_FRACTION)))
//   h  = saturate(floor((o * tanh + 2^17) / 2^18)) to -127..127, tanh being what the table says of c'
//
// half being 2^(24 - CELL_FRACTION). c' is written back to the unit whose c was read, 3 cycles after g's value; h
// follows 7 cycles after o's, at the next address of the layer. A ternary h is the sign of o * tanh where that reaches
// the layer's decision point. An invariant, by induction from reset.
//
// The memory of c, the table and the multipliers are cut out: their operands are what they must be, and what they
// answer is any number within the reach of such operands.
`default_nettype none

module hg_cell_int16_spec #(
    parameter ACT_WIDTH     = 8,
    parameter CELL_BITS     = 16,
    parameter CELL_FRACTION = 12,
    parameter LAYERS        = 1,
    parameter LAYER_WIDTH   = 1,
    parameter UNITS         = 32,
    parameter UNIT_WIDTH    = 5,
    parameter HIDDEN_WIDTH  = 6,
    parameter [LAYERS*UNIT_WIDTH-1:0] CELL_BASES = 0,
    parameter [2*LAYERS*HIDDEN_WIDTH-1:0] HIDDEN_BASES = 0,
    parameter [13*LAYERS-1:0] HIDDEN_DECISIONS = 0,
    parameter SQUASH_WIDTH  = 12
) (
    input wire                   clk_i,
    input wire                   rst_i,
    input wire                   valid_i,
    input wire [            1:0] gate_i,
    input wire                   first_i,
    input wire                   last_i,
    input wire                   fresh_i,
    input wire                   bank_i,
    input wire [LAYER_WIDTH-1:0] layer_i,
    input wire signed [           13:0] value_i
);

  wire h_write_o;
  wire [HIDDEN_WIDTH-1:0] h_addr_o;
  wire signed [ACT_WIDTH-1:0] h_data_o;
  wire done_o;

  hg_cell_int16 #(
      .ACT_WIDTH    (ACT_WIDTH),
      .CELL_BITS    (CELL_BITS),
      .CELL_FRACTION(CELL_FRACTION),
      .LAYERS       (LAYERS),
      .LAYER_WIDTH  (LAYER_WIDTH),
      .UNITS        (UNITS),
      .UNIT_WIDTH   (UNIT_WIDTH),
      .HIDDEN_WIDTH (HIDDEN_WIDTH),
      .CELL_BASES   (CELL_BASES),
      .HIDDEN_BASES (HIDDEN_BASES),
      .HIDDEN_DECISIONS(HIDDEN_DECISIONS),
      .SQUASH_WIDTH (SQUASH_WIDTH)
  ) dut (
      .clk_i    (clk_i),
      .rst_i    (rst_i),
      .valid_i  (valid_i),
      .gate_i   (gate_i),
      .first_i  (first_i),
      .last_i   (last_i),
      .fresh_i  (fresh_i),
      .bank_i   (bank_i),
      .layer_i  (layer_i),
      .value_i  (value_i),
      .h_write_o(h_write_o),
      .h_addr_o (h_addr_o),
      .h_data_o (h_data_o),
      .done_o   (done_o)
  );

  // After a reset of four cycles, in which what came before it leaves the unit.
  reg [3:0] started = 4'b0000;

  always @(posedge clk_i) started <= {started[2:0], 1'b1};

  // Descriptions come in the order i, f, g, o; of which unit: from the layer's first on.
  reg [1:0] next_gate;
  reg [UNIT_WIDTH-1:0] unit;
  reg seen_unit;

  always @(posedge clk_i) begin
    if (rst_i) begin
      next_gate <= 2'd0;
      seen_unit <= 1'b0;
    end else if (valid_i) begin
      next_gate <= next_gate + 2'd1;
      if (gate_i == 2'd0 && first_i) begin
        unit <= CELL_BASES >> (layer_i * UNIT_WIDTH);
        seen_unit <= 1'b1;
      end
      if (gate_i == 2'd3) unit <= unit + 1'b1;
    end
  end

  // A gate's description, in the cycle of its value.
  reg value_valid;
  reg [1:0] gate;
  reg first, last, fresh, bank;
  reg [LAYER_WIDTH-1:0] layer;
  reg [UNIT_WIDTH-1:0] unit_of_value;

  always @(posedge clk_i) begin
    value_valid <= valid_i && !rst_i;
    gate  <= gate_i;
    {first, last, fresh, bank} <= {first_i, last_i, fresh_i, bank_i};
    layer <= layer_i;
    unit_of_value <= unit;
  end

  // The memory of c, cut out: where it is read and written.
  (* hierconn *) wire \dut.u_c.write_i ;
  (* hierconn *) wire [UNIT_WIDTH-1:0] \dut.u_c.write_addr_i ;
  (* hierconn *) wire [CELL_BITS-1:0] \dut.u_c.write_data_i ;
  (* hierconn *) wire [UNIT_WIDTH-1:0] \dut.u_c.read_addr_i ;
  (* hierconn *) wire [CELL_BITS-1:0] \dut.u_c.read_data_o ;
  reg [UNIT_WIDTH-1:0] read_addr_p;

  always @(posedge clk_i) read_addr_p <= \dut.u_c.read_addr_i ;

  wire signed [CELL_BITS-1:0] c_read = \dut.u_c.read_data_o ;

  localparam signed [47:0] C_MAX = (1 << (CELL_BITS - 1)) - 1;
  localparam signed [47:0] ONE = 1;
  localparam COARSE = 12 - CELL_FRACTION;
  localparam DROPPED = 25 - CELL_FRACTION;
  localparam VALUE_WIDTH = CELL_BITS > 14 ? CELL_BITS : 14;
  localparam PRODUCT_WIDTH = 14 + VALUE_WIDTH;
  localparam OUTPUT_WIDTH = 15 + SQUASH_WIDTH;

  // The first multiplier: its operands, and its answer in the same cycle.
  (* hierconn *) wire [13:0] \dut.factor_q ;
  (* hierconn *) wire [VALUE_WIDTH-1:0] \dut.value_q ;
  (* hierconn *) wire [PRODUCT_WIDTH-1:0] \dut.product ;
  wire signed [13:0] left = \dut.factor_q ;
  wire signed [VALUE_WIDTH-1:0] right = \dut.value_q ;
  wire signed [PRODUCT_WIDTH-1:0] product = \dut.product ;

  // f * c is multiplied in the cycle after f's value, i * g in the one after g's.
  reg f_multiplies, g_multiplies;
  reg signed [31:0] expected_left, expected_right;
  reg signed [13:0] gate_i_value;
  reg first_of_unit;
  reg seen_i, seen_f, seen_c;
  reg signed [47:0] f_c;

  // c' two cycles after i * g; its unit.
  reg signed [47:0] sum;
  reg signed [47:0] c_wide;
  reg signed [47:0] c_next;
  reg signed [47:0] c_soon, c;
  reg c_comes, writes;
  reg [UNIT_WIDTH-1:0] unit_of_g;

  always @(*) begin
    sum = (f_c <<< COARSE) + product + (ONE <<< (DROPPED - 1));
    c_wide = sum >>> DROPPED;
    c_next = c_wide > C_MAX ? C_MAX : c_wide < -C_MAX - 1 ? -C_MAX - 1 : c_wide;
  end

  always @(posedge clk_i) begin
    f_multiplies <= value_valid && gate == 2'd1;
    g_multiplies <= value_valid && gate == 2'd2;
    c_comes <= g_multiplies;
    writes  <= c_comes;
    if (!started[3]) {seen_i, seen_f, seen_c} <= 3'b000;
    else begin
      if (value_valid && gate == 2'd0) begin
        seen_i <= 1'b1;
        gate_i_value <= value_i;
        first_of_unit <= first;
      end
      if (value_valid && gate == 2'd1) begin
        expected_left <= value_i;
        expected_right <= fresh ? 0 : c_read;
      end
      if (value_valid && gate == 2'd2) begin
        expected_left <= gate_i_value;
        expected_right <= value_i;
        unit_of_g <= unit_of_value;
      end
      if (f_multiplies) begin
        seen_f <= 1'b1;
        f_c <= product;
      end
      if (g_multiplies) c_soon <= c_next;
      if (c_comes) begin
        seen_c <= 1'b1;
        c <= c_soon;
      end
    end
  end

  // The table is asked two cycles after o's value, answers two cycles later; that times o is registered two cycles
  // after that; h one more.
  (* hierconn *) wire [CELL_BITS-1:0] \dut.u_tanh.value_i ;
  (* hierconn *) wire [SQUASH_WIDTH:0] \dut.u_tanh.tanh_o ;
  (* hierconn *) wire [13:0] \dut.waiting_o_q ;
  (* hierconn *) wire [SQUASH_WIDTH:0] \dut.tanh_q ;
  (* hierconn *) wire [OUTPUT_WIDTH-1:0] \dut.output_q ;
  wire signed [CELL_BITS-1:0] asked = \dut.u_tanh.value_i ;
  wire signed [OUTPUT_WIDTH-1:0] scaled_o = \dut.output_q ;
  wire is_o = value_valid && gate == 2'd3;

  // [n] is n + 1 cycles after o's value.
  reg [5:0] o_valid, o_first, o_last, o_bank;
  reg [LAYER_WIDTH-1:0] o_layer_0, o_layer_1, o_layer_2, o_layer_3, o_layer_4, o_layer_5;
  reg [13:0] o_0, o_1, o_2, o_3, o_4;
  reg [SQUASH_WIDTH:0] answer_p;

  always @(posedge clk_i) begin
    o_valid <= rst_i ? 6'b000000 : {o_valid[4:0], is_o};
    o_first <= {o_first[4:0], first_of_unit};
    o_last  <= {o_last[4:0], last};
    o_bank  <= {o_bank[4:0], bank};
    {o_layer_0, o_layer_1, o_layer_2} <= {layer, o_layer_0, o_layer_1};
    {o_layer_3, o_layer_4, o_layer_5} <= {o_layer_2, o_layer_3, o_layer_4};
    {o_0, o_1, o_2, o_3, o_4} <= {value_i, o_0, o_1, o_2, o_3};
    answer_p <= \dut.u_tanh.tanh_o ;
  end

  reg signed [47:0] rounded;
  reg signed [47:0] point;
  reg signed [47:0] h;
  reg h_writes, h_done, seen_h;
  reg signed [47:0] h_value;
  reg [HIDDEN_WIDTH-1:0] h_place;

  always @(*) begin
    rounded = (scaled_o + (ONE <<< 17)) >>> 18;
    point = ((HIDDEN_DECISIONS >> (13 * o_layer_5)) & 13'h1fff) <<< 13;
    h = 0;
    if (ACT_WIDTH == 2) begin
      if (scaled_o >= point) h = 1;
      else if (scaled_o <= -point) h = -1;
    end else if (rounded > 127) h = 127;
    else if (rounded < -127) h = -127;
    else h = rounded;
  end

  always @(posedge clk_i) begin
    h_writes <= o_valid[5] && !rst_i;
    h_done   <= o_valid[5] && o_last[5] && !rst_i;
    h_value  <= h;
    if (!started[3]) seen_h <= 1'b0;
    else if (o_valid[5] && o_first[5]) seen_h <= 1'b1;
    if (o_valid[5])
      h_place <= o_first[5] ? HIDDEN_BASES >> ((o_bank[5] * LAYERS + o_layer_5) * HIDDEN_WIDTH) : h_place + 1'b1;
  end

  (* hierconn *) wire signed [13:0] \dut.gate_i_q ;
  (* hierconn *) wire \dut.unit_first_q ;
  (* hierconn *) wire [UNIT_WIDTH-1:0] \dut.unit_q ;
  (* hierconn *) wire [CELL_BITS+25-CELL_FRACTION:0] \dut.sum_q ;
  wire signed [13:0] gate_i_q = \dut.gate_i_q ;
  wire signed [CELL_BITS+25-CELL_FRACTION:0] sum_q = \dut.sum_q ;
  wire signed [47:0] begun = (f_c <<< COARSE) + (ONE <<< (DROPPED - 1));

  always @(*) begin
    assume (started == 4'b1111 || rst_i);
    assume (!rst_i || started != 4'b1111);
    assume (!valid_i || rst_i || gate_i == next_gate);
    // The first unit of all is the first of a layer; a layer's first is told with gate i, and there is such a layer.
    assume (!valid_i || rst_i || seen_unit || first_i);
    assume (LAYERS == (1 << LAYER_WIDTH) || layer_i < LAYERS);
    // What such operands can make: |f|, |i|, |o| < 2^13, |g| <= 2^12, |tanh| <= 2^12.
    if (f_multiplies) assume (product <= (ONE <<< (12 + CELL_BITS)) && product >= -(ONE <<< (12 + CELL_BITS)));
    if (g_multiplies) assume (product <= (ONE <<< 25) && product >= -(ONE <<< 25));
    assume (scaled_o <= (ONE <<< 25) && scaled_o >= -(ONE <<< 25));
    if (started[3]) begin
      // c: read from its unit when f comes; multiplied and added; written to its unit.
      if (value_valid && gate == 2'd1) assert (read_addr_p == unit_of_value);
      if (f_multiplies || g_multiplies) assert (left == expected_left && right == expected_right);
      assert (\dut.u_c.write_i == writes);
      if (writes) assert (\dut.u_c.write_addr_i == unit_of_g && \dut.u_c.write_data_i == c[CELL_BITS-1:0]);
      // h: the table is asked about this unit's c, the answer multiplied by its o.
      if (o_valid[1]) assert (asked == c);
      if (o_valid[4]) assert (\dut.waiting_o_q == o_4 && \dut.tanh_q == answer_p);
      assert (h_write_o == h_writes);
      assert (done_o == h_done);
      if (h_writes) assert (h_data_o == h_value);
      if (seen_h) assert (h_addr_o == h_place);
      // What the rest rests on: order, and what the unit keeps.
      if (value_valid) assert (seen_unit && next_gate == ((gate + 2'd1) & 2'd3));
      if (next_gate != 2'd0) assert (seen_unit && (seen_i || (value_valid && gate == 2'd0)));
      if (next_gate >= 2'd2) assert (seen_f || f_multiplies || (value_valid && gate == 2'd1));
      if (value_valid && gate == 2'd3) assert (seen_f && seen_i);
      if (value_valid && gate == 2'd2) assert ((seen_f || f_multiplies) && seen_i);
      if (value_valid && gate == 2'd1) assert (seen_i);
      if (seen_unit) assert (\dut.unit_q == unit);
      if (seen_i) assert (gate_i_q == gate_i_value && \dut.unit_first_q == first_of_unit);
      if (seen_c) assert ($signed(\dut.u_c.write_data_i ) == c);
      if (seen_f) assert (f_c <= (ONE <<< (12 + CELL_BITS)) && f_c >= -(ONE <<< (12 + CELL_BITS)));
      // Between f * c and i * g.
      if (begins) assert (sum_q == begun);
      if (next_gate == 2'd3) assert (seen_c || c_comes || g_multiplies || (value_valid && gate == 2'd2));
      if (value_valid && gate == 2'd3) assert (seen_c || c_comes || g_multiplies);
      if (g_multiplies) assert (begins);
      if (value_valid && gate == 2'd2) assert (f_multiplies || begins);
      if (next_gate == 2'd2) assert (f_multiplies || begins || (value_valid && gate == 2'd1));
    end
  end

  // From the cycle after f * c was multiplied to that in which i * g is.
  reg begins;
  always @(posedge clk_i) begins <= started[3] && (f_multiplies || (begins && !g_multiplies));

endmodule

`default_nettype wire
