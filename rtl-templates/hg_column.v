// One column of the array and its lane: activations for one sequence enter the top PE and move south,
// finished accumulators are picked off row by row and become c, h and the class of this sequence.
//
// issue_* of an operand, then 2 cycles to the top PE. drain_select_i names the row that is complete in
// this cycle; its row word arrives one cycle later.
`default_nettype none

module hg_column #(
    parameter TERNARY          = 1,   // weights: 1 ternary, 0 int8
    parameter LEVEL3           = 1,   // gates: 1 three-level, 0 table
    parameter ROWS             = 16,
    parameter ROW_SELECT_WIDTH = 4,
    parameter WEIGHT_WIDTH     = 2,
    parameter ACC_WIDTH        = 16,
    parameter ROW_WIDTH        = 32,
    parameter SHIFT_MIN        = 8,
    parameter SELECT_WIDTH     = 0,
    parameter LAYERS           = 1,
    parameter LAYER_WIDTH      = 1,
    parameter UNITS            = 32,
    parameter UNIT_WIDTH       = 5,
    parameter HIDDEN_DEPTH     = 64,
    parameter HIDDEN_WIDTH     = 6,
    parameter CLASS_WIDTH      = 8,
    parameter [LAYERS*UNIT_WIDTH-1:0] CELL_BASES = 0,
    parameter [2*LAYERS*HIDDEN_WIDTH-1:0] HIDDEN_BASES = 0,
    parameter TANH_FILE = ""
) (
    input  wire                               clk_i,
    input  wire                               rst_i,
    input  wire                               issue_valid_i,
    input  wire                               issue_input_i,   // read x, not h
    input  wire                               issue_clear_i,
    input  wire        [    HIDDEN_WIDTH-1:0] issue_h_addr_i,
    input  wire        [                 7:0] x_data_i,        // one cycle after issue
    input  wire        [ROWS*WEIGHT_WIDTH-1:0] weights_i,
    output wire        [ROWS*WEIGHT_WIDTH-1:0] weights_o,
    input  wire                               drain_valid_i,
    input  wire        [ROW_SELECT_WIDTH-1:0] drain_select_i,
    input  wire                               drain_head_i,
    input  wire        [                 1:0] drain_gate_i,
    input  wire                               drain_first_i,
    input  wire                               drain_last_i,
    input  wire                               drain_fresh_i,
    input  wire                               drain_bank_i,
    input  wire        [     LAYER_WIDTH-1:0] drain_layer_i,
    input  wire        [       ROW_WIDTH-1:0] row_i,           // one cycle after drain_select_i
    output wire                               lstm_done_o,
    output wire                               head_done_o,
    output wire        [     CLASS_WIDTH-1:0] class_o
);

  // Activations: h or x, zero where there is no operand.
  wire                           h_write;
  wire        [HIDDEN_WIDTH-1:0] h_write_addr;
  wire signed [             7:0] h_write_data;
  wire        [             7:0] h_data;

  hg_ram #(
      .WIDTH     (8),
      .DEPTH     (HIDDEN_DEPTH),
      .ADDR_WIDTH(HIDDEN_WIDTH)
  ) u_h (
      .clk_i       (clk_i),
      .write_i     (h_write),
      .write_addr_i(h_write_addr),
      .write_data_i(h_write_data),
      .read_addr_i (issue_h_addr_i),
      .read_data_o (h_data)
  );

  reg              valid_q;
  reg              input_q;
  reg        [1:0] clear_q;
  reg signed [7:0] act_q;

  always @(posedge clk_i) begin
    valid_q <= issue_valid_i;
    input_q <= issue_input_i;
    clear_q <= {clear_q[0], issue_clear_i};
    if (!valid_q) act_q <= 8'sd0;
    else act_q <= input_q ? x_data_i : h_data;
  end

  // The PEs, north to south.
  wire [       8*(ROWS+1)-1:0] acts;
  wire [             ROWS : 0] clears;
  wire [   ROWS*ACC_WIDTH-1:0] accs;

  assign acts[7:0] = act_q;
  assign clears[0] = clear_q[1];

  genvar r;
  generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_row
      if (TERNARY != 0) begin : g_pe
        hg_pe_ternary #(
            .ACT_WIDTH(8),
            .ACC_WIDTH(ACC_WIDTH)
        ) u_pe (
            .clk_i   (clk_i),
            .clear_i (clears[r]),
            .act_i   (acts[8*r+:8]),
            .weight_i(weights_i[WEIGHT_WIDTH*r+:WEIGHT_WIDTH]),
            .clear_o (clears[r+1]),
            .act_o   (acts[8*(r+1)+:8]),
            .weight_o(weights_o[WEIGHT_WIDTH*r+:WEIGHT_WIDTH]),
            .acc_o   (accs[ACC_WIDTH*r+:ACC_WIDTH])
        );
      end else begin : g_pe
        hg_pe_int8 #(
            .ACT_WIDTH   (8),
            .WEIGHT_WIDTH(WEIGHT_WIDTH),
            .ACC_WIDTH   (ACC_WIDTH)
        ) u_pe (
            .clk_i   (clk_i),
            .clear_i (clears[r]),
            .act_i   (acts[8*r+:8]),
            .weight_i(weights_i[WEIGHT_WIDTH*r+:WEIGHT_WIDTH]),
            .clear_o (clears[r+1]),
            .act_o   (acts[8*(r+1)+:8]),
            .weight_o(weights_o[WEIGHT_WIDTH*r+:WEIGHT_WIDTH]),
            .acc_o   (accs[ACC_WIDTH*r+:ACC_WIDTH])
        );
      end
    end
  endgenerate

  // The drain: one finished row per cycle.
  wire signed [  ACC_WIDTH-1:0] picked = accs[drain_select_i*ACC_WIDTH+:ACC_WIDTH];
  reg signed  [  ACC_WIDTH-1:0] acc_q;
  reg                           drain_valid_q;
  reg                           drain_head_q;
  reg         [            1:0] drain_gate_q;
  reg                           drain_first_q;
  reg                           drain_last_q;
  reg                           drain_fresh_q;
  reg                           drain_bank_q;
  reg         [LAYER_WIDTH-1:0] drain_layer_q;

  always @(posedge clk_i) begin
    acc_q         <= picked;
    drain_valid_q <= drain_valid_i && !rst_i;
    drain_head_q  <= drain_head_i;
    drain_gate_q  <= drain_gate_i;
    drain_first_q <= drain_first_i;
    drain_last_q  <= drain_last_i;
    drain_fresh_q <= drain_fresh_i;
    drain_bank_q  <= drain_bank_i;
    drain_layer_q <= drain_layer_i;
  end

  generate
    if (LEVEL3 != 0) begin : g_lane
      hg_lane_level3 #(
          .ACC_WIDTH   (ACC_WIDTH),
          .ROW_WIDTH   (ROW_WIDTH),
          .SHIFT_MIN   (SHIFT_MIN),
          .SELECT_WIDTH(SELECT_WIDTH),
          .LAYERS      (LAYERS),
          .LAYER_WIDTH (LAYER_WIDTH),
          .UNITS       (UNITS),
          .UNIT_WIDTH  (UNIT_WIDTH),
          .HIDDEN_WIDTH(HIDDEN_WIDTH),
          .CLASS_WIDTH (CLASS_WIDTH),
          .CELL_BASES  (CELL_BASES),
          .HIDDEN_BASES(HIDDEN_BASES),
          .TANH_FILE   (TANH_FILE)
      ) u_lane (
          .clk_i      (clk_i),
          .rst_i      (rst_i),
          .valid_i    (drain_valid_q),
          .acc_i      (acc_q),
          .row_i      (row_i),
          .head_i     (drain_head_q),
          .gate_i     (drain_gate_q),
          .first_i    (drain_first_q),
          .last_i     (drain_last_q),
          .fresh_i    (drain_fresh_q),
          .bank_i     (drain_bank_q),
          .layer_i    (drain_layer_q),
          .h_write_o  (h_write),
          .h_addr_o   (h_write_addr),
          .h_data_o   (h_write_data),
          .lstm_done_o(lstm_done_o),
          .head_done_o(head_done_o),
          .class_o    (class_o)
      );
    end else begin : g_lane
      hg_lane_int16 #(
          .ACC_WIDTH   (ACC_WIDTH),
          .ROW_WIDTH   (ROW_WIDTH),
          .SHIFT_MIN   (SHIFT_MIN),
          .SELECT_WIDTH(SELECT_WIDTH),
          .LAYERS      (LAYERS),
          .LAYER_WIDTH (LAYER_WIDTH),
          .UNITS       (UNITS),
          .UNIT_WIDTH  (UNIT_WIDTH),
          .HIDDEN_WIDTH(HIDDEN_WIDTH),
          .CLASS_WIDTH (CLASS_WIDTH),
          .CELL_BASES  (CELL_BASES),
          .HIDDEN_BASES(HIDDEN_BASES),
          .TANH_FILE   (TANH_FILE)
      ) u_lane (
          .clk_i      (clk_i),
          .rst_i      (rst_i),
          .valid_i    (drain_valid_q),
          .acc_i      (acc_q),
          .row_i      (row_i),
          .head_i     (drain_head_q),
          .gate_i     (drain_gate_q),
          .first_i    (drain_first_q),
          .last_i     (drain_last_q),
          .fresh_i    (drain_fresh_q),
          .bank_i     (drain_bank_q),
          .layer_i    (drain_layer_q),
          .h_write_o  (h_write),
          .h_addr_o   (h_write_addr),
          .h_data_o   (h_write_data),
          .lstm_done_o(lstm_done_o),
          .head_done_o(head_done_o),
          .class_o    (class_o)
      );
    end
  endgenerate

  wire unused = &{acts[8*ROWS+:8], clears[ROWS]};

endmodule

`default_nettype wire
