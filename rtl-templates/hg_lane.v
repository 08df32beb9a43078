// From sums to h and classes, one row per cycle. Rows of three-level and binary gates and of a ternary
// candidate meet their two thresholds; other gates, the candidate and the head are requantized, then go
// through a tanh table, sigmoid(z) = (1 + tanh(z / 2)) / 2, or to the argmax; a head of one value is done.
//
// A gate's value reaches the cell unit 6 cycles after its sum arrives here, or 1 cycle after, where all
// gates and the candidate are thresholds. class_o is valid 4 cycles after the head's last sum.
`default_nettype none

module hg_lane #(
    parameter GATES             = 0,   // i, f, o: 0, table sigmoid; 1, {0, 1/2, 1}; 2, {0, 1}
    parameter CANDIDATE_TERNARY = 0,   // g: 0, table tanh; 1, {-1, 0, +1}
    parameter ACT_WIDTH         = 8,   // of h: 8, Q0.7; 2, ternary
    parameter CELL_BITS         = 16,  // of c
    parameter CELL_FRACTION     = 12,
    parameter SUM_WIDTH         = 16,
    parameter ROW_WIDTH         = 24,
    parameter MULTIPLIER_WIDTH  = 8,   // of a row word; 0: multipliers are 1
    parameter SHIFT_MIN         = 8,
    parameter SELECT_WIDTH      = 0,   // of a row word, to select a shift above SHIFT_MIN
    parameter LAYERS            = 1,
    parameter LAYER_WIDTH       = 1,
    parameter UNITS             = 32,
    parameter UNIT_WIDTH        = 5,
    parameter HIDDEN_WIDTH      = 6,
    parameter CLASS_WIDTH       = 8,   // 16, where it is a value
    parameter VALUE             = 0,   // 1: the head's one logit is the result, not its class
    parameter [LAYERS*UNIT_WIDTH-1:0] CELL_BASES = 0,
    parameter [2*LAYERS*HIDDEN_WIDTH-1:0] HIDDEN_BASES = 0,
    parameter [13*LAYERS-1:0] HIDDEN_DECISIONS = 0,                // as in hg_cell_int16
    parameter [4*LAYERS*(CELL_BITS+1)-1:0] CELL_DECISIONS = 0,     // as in hg_cell_level
    parameter SQUASH_WIDTH      = 12,  // bits of a tanh(s * c)
    parameter TANH_FORM         = 0,   // as in hg_tanh_lookup
    parameter TANH_FILE         = "",  // over z
    parameter SQUASH_FILE       = ""   // over c
) (
    input  wire                           clk_i,
    input  wire                           rst_i,
    input  wire                           valid_i,
    input  wire signed [   SUM_WIDTH-1:0] sum_i,
    input  wire        [   ROW_WIDTH-1:0] row_i,
    input  wire                           head_i,   // a logit, not a gate
    input  wire        [             1:0] gate_i,   // 0..3: i, f, g, o
    input  wire                           first_i,  // row of the job
    input  wire                           last_i,
    input  wire                           fresh_i,  // first step of a sequence
    input  wire                           bank_i,   // of h
    input  wire        [ LAYER_WIDTH-1:0] layer_i,
    output wire                           h_write_o,
    output wire        [HIDDEN_WIDTH-1:0] h_addr_o,
    output wire signed [   ACT_WIDTH-1:0] h_data_o,
    output wire                           lstm_done_o,  // with the last h of a layer
    output reg                            head_done_o,  // class_o is valid
    output wire        [ CLASS_WIDTH-1:0] class_o
);

  localparam [1:0] GATE_G = 2'd2;

  // Descriptions of the rows under way; [0] is one cycle old.
  localparam TAG_WIDTH = 7 + LAYER_WIDTH;
  wire [TAG_WIDTH-1:0] tag = {layer_i, bank_i, fresh_i, last_i, first_i, gate_i, head_i};
  reg  [TAG_WIDTH-1:0] tag_q  [0:4];
  reg  [          4:0] valid_q;
  integer              n;

  always @(posedge clk_i) begin
    valid_q  <= rst_i ? 5'b00000 : {valid_q[3:0], valid_i};
    tag_q[0] <= tag;
    for (n = 1; n < 5; n = n + 1) tag_q[n] <= tag_q[n-1];
  end

  // Row word of a linear row: {shift select, multiplier, bias}.
  wire signed [15:0] z;
  wire [(MULTIPLIER_WIDTH > 0 ? MULTIPLIER_WIDTH : 1)-1:0] multiplier;
  wire [(SELECT_WIDTH > 0 ? SELECT_WIDTH : 1)-1:0] select;

  generate
    if (MULTIPLIER_WIDTH > 0) begin : g_multiplier
      assign multiplier = row_i[16+:MULTIPLIER_WIDTH];
    end else begin : g_no_multiplier
      assign multiplier = 1'b1;
    end
    if (SELECT_WIDTH > 0) begin : g_select
      assign select = row_i[16+MULTIPLIER_WIDTH+:SELECT_WIDTH];
    end else begin : g_no_select
      assign select = 1'b0;
    end
  endgenerate

  hg_requantize #(
      .ACC_WIDTH       (SUM_WIDTH),
      .MULTIPLIER_WIDTH(MULTIPLIER_WIDTH),
      .SHIFT_MIN       (SHIFT_MIN),
      .SELECT_WIDTH    (SELECT_WIDTH)
  ) u_requantize (
      .clk_i       (clk_i),
      .acc_i       (sum_i),
      .multiplier_i(multiplier),
      .select_i    (select),
      .bias_i      (row_i[15:0]),
      .data_o      (z)
  );

  wire is_head = tag_q[2][0];

  generate
    if (VALUE != 0) begin : g_value
      wire [15:0] value;

      hg_value u_value (
          .clk_i  (clk_i),
          .valid_i(valid_q[2] && is_head),
          .logit_i(z),
          .value_o(value)
      );

      assign class_o = value[CLASS_WIDTH-1:0];
    end else begin : g_class
      hg_argmax #(
          .INDEX_WIDTH(CLASS_WIDTH)
      ) u_argmax (
          .clk_i  (clk_i),
          .valid_i(valid_q[2] && is_head),
          .first_i(tag_q[2][3]),
          .logit_i(z),
          .index_o(class_o)
      );
    end
  endgenerate

  always @(posedge clk_i) head_done_o <= valid_q[2] && is_head && tag_q[2][4] && !rst_i;

  // Row word of a threshold row: {high, low}.
  wire [1:0] level;

  generate
    if (GATES > 0 || CANDIDATE_TERNARY != 0) begin : g_threshold
      hg_threshold #(
          .ACC_WIDTH(SUM_WIDTH)
      ) u_threshold (
          .acc_i  (sum_i),
          .low_i  (row_i[SUM_WIDTH-1:0]),
          .high_i (row_i[2*SUM_WIDTH-1:SUM_WIDTH]),
          .level_o(level)
      );
    end else begin : g_no_threshold
      assign level = 2'd0;
    end
  endgenerate

  generate
    if (GATES == 0) begin : g_int16
      // A z is there after three cycles, its tanh after five.
      wire               is_sigmoid = CANDIDATE_TERNARY != 0 || tag_q[2][2:1] != GATE_G;
      wire signed [12:0] tanh_z;
      reg signed  [13:0] value_q;

      hg_tanh_lookup #(
          .FORM     (TANH_FORM),
          .INIT_FILE(TANH_FILE)
      ) u_tanh (
          .clk_i  (clk_i),
          .value_i(z),
          .half_i (is_sigmoid),
          .tanh_o (tanh_z)
      );

      // sigmoid in Q0.13 is 4096 plus tanh in Q0.12.
      if (CANDIDATE_TERNARY != 0) begin : g_ternary
        reg [1:0] level_q[0:4];

        always @(posedge clk_i) begin
          level_q[0] <= level;
          for (n = 1; n < 5; n = n + 1) level_q[n] <= level_q[n-1];
          if (tag_q[4][2:1] == GATE_G) value_q <= {level_q[4] == 2'd0, !level_q[4][0], 12'd0};
          else value_q <= {tanh_z[12], tanh_z} + 14'sd4096;
        end
      end else begin : g_table
        always @(posedge clk_i) begin
          value_q <= {tanh_z[12], tanh_z} + (tag_q[4][2:1] != GATE_G ? 14'sd4096 : 14'sd0);
        end
        wire unused = &level;
      end

      hg_cell_int16 #(
          .ACT_WIDTH       (ACT_WIDTH),
          .CELL_BITS       (CELL_BITS),
          .CELL_FRACTION   (CELL_FRACTION),
          .LAYERS          (LAYERS),
          .LAYER_WIDTH     (LAYER_WIDTH),
          .UNITS           (UNITS),
          .UNIT_WIDTH      (UNIT_WIDTH),
          .HIDDEN_WIDTH    (HIDDEN_WIDTH),
          .CELL_BASES      (CELL_BASES),
          .HIDDEN_BASES    (HIDDEN_BASES),
          .HIDDEN_DECISIONS(HIDDEN_DECISIONS),
          .SQUASH_WIDTH    (SQUASH_WIDTH),
          .TANH_FORM       (TANH_FORM),
          .SQUASH_FILE     (SQUASH_FILE)
      ) u_cell (
          .clk_i    (clk_i),
          .rst_i    (rst_i),
          .valid_i  (valid_q[4] && !tag_q[4][0]),
          .gate_i   (tag_q[4][2:1]),
          .first_i  (tag_q[4][3]),
          .last_i   (tag_q[4][4]),
          .fresh_i  (tag_q[4][5]),
          .bank_i   (tag_q[4][6]),
          .layer_i  (tag_q[4][7+:LAYER_WIDTH]),
          .value_i  (value_q),
          .h_write_o(h_write_o),
          .h_addr_o (h_addr_o),
          .h_data_o (h_data_o),
          .done_o   (lstm_done_o)
      );

      wire unused_decisions = &CELL_DECISIONS;
    end else begin : g_level
      // Levels wait for the candidate's tanh, where it has one.
      localparam DELAY = CANDIDATE_TERNARY != 0 ? 1 : 6;

      reg         [              1:0] level_q    [0:DELAY-1];
      wire                            cell_valid;
      wire        [    TAG_WIDTH-1:0] cell_tag;
      wire signed [CELL_FRACTION+1:0] candidate;

      always @(posedge clk_i) begin
        level_q[0] <= level;
        for (n = 1; n < DELAY; n = n + 1) level_q[n] <= level_q[n-1];
      end

      if (CANDIDATE_TERNARY != 0) begin : g_ternary
        wire [1:0] code = {level_q[0] == 2'd0, !level_q[0][0]};
        assign candidate  = {code, {CELL_FRACTION{1'b0}}};
        assign cell_valid = valid_i;
        assign cell_tag   = tag;
        wire unused = &{valid_q[4:3], tag_q[3], tag_q[4], TANH_FILE};
      end else begin : g_table
        wire signed [CELL_FRACTION+1:0] tanh_z;
        reg signed  [CELL_FRACTION+1:0] candidate_q;

        hg_tanh_lookup #(
            .DROP     (12 - CELL_FRACTION),
            .OUT_WIDTH(CELL_FRACTION + 2),
            .FORM     (TANH_FORM),
            .INIT_FILE(TANH_FILE)
        ) u_tanh (
            .clk_i  (clk_i),
            .value_i(z),
            .half_i (1'b0),
            .tanh_o (tanh_z)
        );

        always @(posedge clk_i) candidate_q <= tanh_z;

        assign candidate  = candidate_q;
        assign cell_valid = valid_q[4];
        assign cell_tag   = tag_q[4];
      end

      hg_cell_level #(
          .LEVELS        (GATES == 2 ? 2 : 3),
          .ACT_WIDTH     (ACT_WIDTH),
          .CELL_BITS     (CELL_BITS),
          .CELL_FRACTION (CELL_FRACTION),
          .LAYERS        (LAYERS),
          .LAYER_WIDTH   (LAYER_WIDTH),
          .UNITS         (UNITS),
          .UNIT_WIDTH    (UNIT_WIDTH),
          .HIDDEN_WIDTH  (HIDDEN_WIDTH),
          .CELL_BASES    (CELL_BASES),
          .HIDDEN_BASES  (HIDDEN_BASES),
          .CELL_DECISIONS(CELL_DECISIONS),
          .SQUASH_WIDTH  (SQUASH_WIDTH),
          .TANH_FORM     (TANH_FORM),
          .SQUASH_FILE   (SQUASH_FILE)
      ) u_cell (
          .clk_i      (clk_i),
          .rst_i      (rst_i),
          .valid_i    (cell_valid && !cell_tag[0]),
          .gate_i     (cell_tag[2:1]),
          .first_i    (cell_tag[3]),
          .last_i     (cell_tag[4]),
          .fresh_i    (cell_tag[5]),
          .bank_i     (cell_tag[6]),
          .layer_i    (cell_tag[7+:LAYER_WIDTH]),
          .level_i    (level_q[DELAY-1]),
          .candidate_i(candidate),
          .h_write_o  (h_write_o),
          .h_addr_o   (h_addr_o),
          .h_data_o   (h_data_o),
          .done_o     (lstm_done_o)
      );

      wire unused_decisions = &HIDDEN_DECISIONS;
    end
  endgenerate

endmodule

`default_nettype wire
