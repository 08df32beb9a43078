// From accumulators to h and classes, one row per cycle, with table gates: every row is requantized;
// gates and c go through tanh tables, sigmoid(z) = (1 + tanh(z / 2)) / 2.
//
// A gate's value reaches the cell unit 6 cycles after its accumulator arrives here; class_o is valid
// 4 cycles after the head's last accumulator.
`default_nettype none

module hg_lane_int16 #(
    parameter ACC_WIDTH    = 16,
    parameter ROW_WIDTH    = 24,
    parameter SHIFT_MIN    = 8,
    parameter SELECT_WIDTH = 0,  // bits of a row word that select a shift above SHIFT_MIN
    parameter LAYERS       = 1,
    parameter LAYER_WIDTH  = 1,
    parameter UNITS        = 32,
    parameter UNIT_WIDTH   = 5,
    parameter HIDDEN_WIDTH = 6,
    parameter CLASS_WIDTH  = 8,
    parameter [LAYERS*UNIT_WIDTH-1:0] CELL_BASES = 0,
    parameter [2*LAYERS*HIDDEN_WIDTH-1:0] HIDDEN_BASES = 0,
    parameter TANH_FILE = ""
) (
    input  wire                           clk_i,
    input  wire                           rst_i,
    input  wire                           valid_i,
    input  wire signed [   ACC_WIDTH-1:0] acc_i,
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
    output wire signed [             7:0] h_data_o,
    output wire                           lstm_done_o,  // with the last h of a layer
    output reg                            head_done_o,  // class_o is valid
    output wire        [ CLASS_WIDTH-1:0] class_o
);

  // Descriptions of the rows under way; [0] is one cycle old.
  localparam TAG_WIDTH = 7 + LAYER_WIDTH;
  reg  [TAG_WIDTH-1:0] tag_q  [0:4];
  reg  [          4:0] valid_q;
  integer              n;

  always @(posedge clk_i) begin
    valid_q  <= rst_i ? 5'b00000 : {valid_q[3:0], valid_i};
    tag_q[0] <= {layer_i, bank_i, fresh_i, last_i, first_i, gate_i, head_i};
    for (n = 1; n < 5; n = n + 1) tag_q[n] <= tag_q[n-1];
  end

  wire is_head = tag_q[2][0];

  // Row word of a linear row: {shift select, multiplier, bias}.
  wire signed [15:0] z;

  generate
    if (SELECT_WIDTH > 0) begin : g_select
      hg_requantize #(
          .ACC_WIDTH       (ACC_WIDTH),
          .MULTIPLIER_WIDTH(8),
          .SHIFT_MIN       (SHIFT_MIN),
          .SELECT_WIDTH    (SELECT_WIDTH)
      ) u_requantize (
          .clk_i       (clk_i),
          .acc_i       (acc_i),
          .multiplier_i(row_i[23:16]),
          .select_i    (row_i[24+:SELECT_WIDTH]),
          .bias_i      (row_i[15:0]),
          .data_o      (z)
      );
    end else begin : g_fixed
      hg_requantize #(
          .ACC_WIDTH       (ACC_WIDTH),
          .MULTIPLIER_WIDTH(8),
          .SHIFT_MIN       (SHIFT_MIN),
          .SELECT_WIDTH    (1)
      ) u_requantize (
          .clk_i       (clk_i),
          .acc_i       (acc_i),
          .multiplier_i(row_i[23:16]),
          .select_i    (1'b0),
          .bias_i      (row_i[15:0]),
          .data_o      (z)
      );
    end
  endgenerate

  wire signed [12:0] tanh_z;
  reg  signed [13:0] value_q;
  wire               is_sigmoid = tag_q[2][2:1] != 2'd2;

  hg_tanh_lookup #(
      .INIT_FILE(TANH_FILE)
  ) u_tanh (
      .clk_i  (clk_i),
      .value_i(z),
      .half_i (is_sigmoid),
      .tanh_o (tanh_z)
  );

  // sigmoid in Q0.13 is 4096 plus tanh in Q0.12.
  always @(posedge clk_i) begin
    value_q <= {tanh_z[12], tanh_z} + (tag_q[4][2:1] != 2'd2 ? 14'sd4096 : 14'sd0);
  end

  hg_argmax #(
      .INDEX_WIDTH(CLASS_WIDTH)
  ) u_argmax (
      .clk_i  (clk_i),
      .valid_i(valid_q[2] && is_head),
      .first_i(tag_q[2][3]),
      .logit_i(z),
      .index_o(class_o)
  );

  always @(posedge clk_i) head_done_o <= valid_q[2] && is_head && tag_q[2][4] && !rst_i;

  hg_cell_int16 #(
      .LAYERS      (LAYERS),
      .LAYER_WIDTH (LAYER_WIDTH),
      .UNITS       (UNITS),
      .UNIT_WIDTH  (UNIT_WIDTH),
      .HIDDEN_WIDTH(HIDDEN_WIDTH),
      .CELL_BASES  (CELL_BASES),
      .HIDDEN_BASES(HIDDEN_BASES),
      .TANH_FILE   (TANH_FILE)
  ) u_cell (
      .clk_i      (clk_i),
      .rst_i      (rst_i),
      .valid_i    (valid_q[4] && !tag_q[4][0]),
      .gate_i     (tag_q[4][2:1]),
      .first_i    (tag_q[4][3]),
      .last_i     (tag_q[4][4]),
      .fresh_i    (tag_q[4][5]),
      .bank_i     (tag_q[4][6]),
      .layer_i    (tag_q[4][7+:LAYER_WIDTH]),
      .value_i    (value_q),
      .h_write_o  (h_write_o),
      .h_addr_o   (h_addr_o),
      .h_data_o   (h_data_o),
      .done_o     (lstm_done_o)
  );

endmodule

`default_nettype wire
