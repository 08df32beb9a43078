// What hg_cell_level must do (docs/arithmetic.md, "The cell"; level / 2 is a gate's value):
//
//   c' = saturate(floor(f * c) + floor(i * g))     written back to the unit whose c was read
//   h  = saturate(floor((floor(o * tanh) + 16) / 32)) to -127..127, tanh being what the table says of c'
//
// h follows 4 cycles after o's value, at the next address of the layer. A ternary h follows 1 cycle after: the sign of
// c' where |c'| reaches the layer's decision point of that sign and of o. An invariant, by induction from reset; the
// memory of c and the table are cut out.
`default_nettype none

module hg_cell_level_spec #(
    parameter LEVELS        = 3,
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
    parameter [4*LAYERS*(CELL_BITS+1)-1:0] CELL_DECISIONS = 0,
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
    input wire        [              1:0] level_i,
    input wire signed [CELL_FRACTION+1:0] candidate_i
);

  wire h_write_o;
  wire [HIDDEN_WIDTH-1:0] h_addr_o;
  wire signed [ACT_WIDTH-1:0] h_data_o;
  wire done_o;

  hg_cell_level #(
      .LEVELS       (LEVELS),
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
      .CELL_DECISIONS(CELL_DECISIONS),
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
      .level_i  (level_i),
      .candidate_i(candidate_i),
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

  // level / 2 times a value, rounded down.
  function signed [31:0] times;
    input [1:0] level;
    input signed [31:0] value;
    times = level == 2'd2 ? value : level == 2'd1 ? value >>> 1 : 32'sd0;
  endfunction

  localparam signed [31:0] C_MAX = (1 << (CELL_BITS - 1)) - 1;
  localparam LATENCY = ACT_WIDTH == 2 ? 1 : 4;

  // Values as they arrive; c' when g does.
  reg seen_i, seen_f, seen_c;
  reg [1:0] i_level;
  reg first_of_unit;
  reg signed [31:0] kept;
  reg signed [31:0] c;
  reg signed [31:0] c_sum;
  reg writes;
  reg [UNIT_WIDTH-1:0] writes_unit;

  always @(*) c_sum = kept + times(i_level, candidate_i);

  always @(posedge clk_i) begin
    writes <= value_valid && gate == 2'd2;
    if (!started[3]) {seen_i, seen_f, seen_c} <= 3'b000;
    else if (value_valid) begin
      case (gate)
        2'd0: begin
          seen_i <= 1'b1;
          i_level <= level_i;
          first_of_unit <= first;
        end
        2'd1: begin
          seen_f <= 1'b1;
          kept <= fresh ? 0 : times(level_i, c_read);
        end
        2'd2: begin
          seen_c <= 1'b1;
          c <= c_sum > C_MAX ? C_MAX : c_sum < -C_MAX - 1 ? -C_MAX - 1 : c_sum;
          writes_unit <= unit_of_value;
        end
        default: ;
      endcase
    end
  end

  // o and its place, for LATENCY cycles; [0] is one cycle old. What the table said two cycles after it was asked.
  (* hierconn *) wire signed [CELL_BITS-1:0] \dut.g_int8.u_tanh.value_i ;
  (* hierconn *) wire signed [SQUASH_WIDTH:0] \dut.g_int8.u_tanh.tanh_o ;
  wire signed [CELL_BITS-1:0] asked = \dut.g_int8.u_tanh.value_i ;
  wire signed [SQUASH_WIDTH:0] answer = \dut.g_int8.u_tanh.tanh_o ;
  wire is_o = value_valid && gate == 2'd3;
  reg [3:0] o_valid;
  reg [1:0] o_level_0, o_level_1, o_level_2;
  reg [3:0] o_first, o_last, o_bank;
  reg [LAYER_WIDTH-1:0] o_layer_0, o_layer_1, o_layer_2;
  reg signed [31:0] answer_p;

  always @(posedge clk_i) begin
    o_valid <= rst_i ? 4'b0000 : {o_valid[2:0], is_o};
    o_first <= {o_first[2:0], first_of_unit};
    o_last  <= {o_last[2:0], last};
    o_bank  <= {o_bank[2:0], bank};
    {o_level_0, o_level_1, o_level_2} <= {level_i, o_level_0, o_level_1};
    {o_layer_0, o_layer_1, o_layer_2} <= {layer, o_layer_0, o_layer_1};
    answer_p <= answer;
  end

  // The cycle before h is written.
  wire h_comes = ACT_WIDTH == 2 ? is_o : o_valid[2];
  wire h_first = ACT_WIDTH == 2 ? first_of_unit : o_first[2];
  wire h_last = ACT_WIDTH == 2 ? last : o_last[2];
  wire h_bank = ACT_WIDTH == 2 ? bank : o_bank[2];
  wire [LAYER_WIDTH-1:0] h_layer = ACT_WIDTH == 2 ? layer : o_layer_2;
  reg signed [31:0] rounded;
  reg signed [31:0] h;
  reg signed [31:0] plus_from, minus_from;

  // Word n of a layer's four decisions.
  function signed [31:0] decision;
    input integer n;
    decision = (CELL_DECISIONS >> ((4 * h_layer + n) * (CELL_BITS + 1))) & ((1 << (CELL_BITS + 1)) - 1);
  endfunction

  always @(*) begin
    rounded = (times(o_level_2, answer_p) + 16) >>> 5;
    plus_from = decision(level_i == 2'd2 ? 0 : 2);
    minus_from = decision(level_i == 2'd2 ? 1 : 3);
    h = 0;
    if (ACT_WIDTH == 2) begin
      if (level_i != 2'd0 && c >= plus_from) h = 1;
      else if (level_i != 2'd0 && c <= -minus_from) h = -1;
    end else if (rounded > 127) h = 127;
    else if (rounded < -127) h = -127;
    else h = rounded;
  end

  reg h_writes, h_done, seen_h;
  reg signed [31:0] h_value;
  reg [HIDDEN_WIDTH-1:0] h_place;

  always @(posedge clk_i) begin
    h_writes <= h_comes && !rst_i;
    h_done   <= h_comes && h_last && !rst_i;
    h_value  <= h;
    if (!started[3]) seen_h <= 1'b0;
    else if (h_comes && h_first) seen_h <= 1'b1;
    if (h_comes)
      h_place <= h_first ? HIDDEN_BASES >> ((h_bank * LAYERS + h_layer) * HIDDEN_WIDTH) : h_place + 1'b1;
  end

  (* hierconn *) wire [1:0] \dut.level_i_q ;
  (* hierconn *) wire \dut.unit_first_q ;
  (* hierconn *) wire signed [CELL_BITS-1:0] \dut.kept_q ;
  (* hierconn *) wire signed [CELL_BITS-1:0] \dut.c_q ;
  (* hierconn *) wire [UNIT_WIDTH-1:0] \dut.unit_q ;
  wire signed [CELL_BITS-1:0] kept_q = \dut.kept_q ;
  wire signed [CELL_BITS-1:0] c_q = \dut.c_q ;

  always @(*) begin
    assume (started == 4'b1111 || rst_i);
    assume (!rst_i || started != 4'b1111);
    assume (!valid_i || rst_i || gate_i == next_gate);
    // The first unit of all is the first of a layer; a layer's first is told with gate i, and there is such a layer.
    assume (!valid_i || rst_i || seen_unit || first_i);
    assume (LAYERS == (1 << LAYER_WIDTH) || layer_i < LAYERS);
    assume (level_i != 2'd3 && (LEVELS == 3 || level_i != 2'd1));
    if (started[3]) begin
      // c: read from its unit when f comes, written to it when g has come.
      if (value_valid && gate == 2'd1) assert (read_addr_p == unit_of_value);
      assert (\dut.u_c.write_i == writes);
      if (writes) assert (\dut.u_c.write_addr_i == writes_unit && \dut.u_c.write_data_i == c[CELL_BITS-1:0]);
      // h: the table is asked about this unit's c, and the answer makes h.
      if (ACT_WIDTH != 2 && is_o) assert (asked == c);
      assert (h_write_o == h_writes);
      assert (done_o == h_done);
      if (h_writes) assert (h_data_o == h_value);
      if (seen_h) assert (h_addr_o == h_place);
      // What the rest rests on: order, and what the unit keeps.
      if (value_valid) assert (next_gate != gate && seen_unit);
      if (next_gate != 2'd0) assert (seen_unit && (seen_i || (value_valid && gate == 2'd0)));
      if (next_gate >= 2'd2) assert (seen_f || (value_valid && gate == 2'd1));
      if (next_gate == 2'd3) assert (seen_c || (value_valid && gate == 2'd2));
      if (value_valid && gate == 2'd3) assert (seen_c && seen_f && seen_i);
      if (value_valid && gate == 2'd2) assert (seen_f && seen_i);
      if (value_valid && gate == 2'd1) assert (seen_i);
      if (seen_unit) assert (\dut.unit_q == unit);
      if (seen_i) assert (\dut.level_i_q == i_level && \dut.unit_first_q == first_of_unit);
      if (seen_i) assert (i_level != 2'd3 && (LEVELS == 3 || i_level != 2'd1));
      if (seen_f) assert (kept_q == kept);
      if (seen_c) assert (c_q == c);
    end
  end

endmodule

`default_nettype wire
