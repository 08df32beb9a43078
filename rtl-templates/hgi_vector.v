// The vector unit: element by element, one per issue_i,
//
//   out = clamp(low, high, base + rescale(x)),   x = a * b, or a sum of the array + bias,
//
// then, with op_activate_i, sigmoid or tanh of it. a, b and base come from the gate memory, whose addresses
// are {region, element}; results go there or to the state memory. Fields of the operation (op_*) hold
// still until busy_o falls, which is 9 cycles after the last issue_i, or LATENCY of the activation more.
//
// Layer normalization brings its own x and multiplier (norm_*), multiplications out of turn (norm_multiply_i)
// and keeps in the wide memory, 28 bits, what lies between its passes.
`default_nettype none

module hgi_vector #(
    parameter ACC_WIDTH    = 20,
    parameter BIAS_WIDTH   = 20,
    parameter REGION_WIDTH = 3,
    parameter INDEX_WIDTH  = 5,
    parameter GATE_DEPTH   = 160,
    parameter SHIFT_MIN    = 31,
    parameter SELECT_WIDTH = 5,
    parameter OUT_WIDTH    = 33
) (
    input  wire                           clk_i,
    input  wire                           rst_i,
    input  wire                           start_i,            // of an operation
    input  wire                           issue_i,
    output wire                           busy_o,
    output wire        [             9:1] valid_o,            // of the stages
    // operation
    input  wire                           op_array_i,         // x is a sum of the array + bias
    input  wire                           op_norm_i,          // x is norm_x_i; else a * b
    input  wire                           op_dynamic_i,       // norm_multiplier_i instead of op_multiplier_i
    input  wire        [REGION_WIDTH-1:0] op_a_i,
    input  wire        [REGION_WIDTH-1:0] op_b_i,
    input  wire        [REGION_WIDTH-1:0] op_base_i,
    input  wire        [REGION_WIDTH-1:0] op_dest_i,
    input  wire                           op_weight_i,        // a is a vector weight
    input  wire                           op_complement_i,    // a is 32767 - a
    input  wire                           b_zero_i,
    input  wire        [            31:0] op_multiplier_i,
    input  wire        [SELECT_WIDTH-1:0] op_select_i,
    input  wire                           op_pre_i,
    input  wire                           op_away_i,
    input  wire                           op_weigh_i,         // the product gets a bias, in 32 bits
    input  wire                           op_presaturate_i,   // the rescaled x, to 16 bits
    input  wire                           op_add_i,           // base is from the gate memory, else op_offset_i
    input  wire signed [            15:0] op_offset_i,
    input  wire signed [            15:0] op_low_i,
    input  wire signed [            15:0] op_high_i,
    input  wire                           op_activate_i,
    input  wire                           op_write_gate_i,
    input  wire                           op_write_state_i,
    // the array and the memories read in order
    input  wire signed [   ACC_WIDTH-1:0] acc_i,
    output wire                           bias_next_o,
    input  wire signed [  BIAS_WIDTH-1:0] bias_i,
    output wire                           weight_next_o,
    input  wire signed [            15:0] weight_i,
    // layer normalization
    input  wire                           norm_multiply_i,
    input  wire signed [            31:0] norm_x_i,
    input  wire signed [            31:0] norm_multiplier_i,
    input  wire        [             3:0] norm_shift_i,       // more than op_select_i
    output wire signed [            15:0] value_o,            // a, at stage 1
    output wire signed [            31:0] sum_o,              // the array + bias, at stage 2
    output wire signed [            63:0] product_o,          // stage 4
    output wire signed [   OUT_WIDTH-1:0] rescaled_o,         // stage 7
    // activation, and the state memory
    output wire                           activation_valid_o,
    output wire signed [            15:0] data_o,             // stage 9
    input  wire                           activation_busy_i,
    input  wire                           activation_valid_i,
    input  wire signed [            15:0] activation_i,
    output wire                           write_state_o,
    output wire                           write_gate_o,
    output reg         [ INDEX_WIDTH-1:0] write_index_o
);

  reg [9:1] valid_q;

  assign valid_o = valid_q;
  assign busy_o  = |valid_q || activation_busy_i;

  always @(posedge clk_i) begin
    if (rst_i) valid_q <= 9'd0;
    else valid_q <= {valid_q[8:3], valid_q[2] || norm_multiply_i, valid_q[1], issue_i};
  end

  // Issue: read a, b, bias and weight; base is read at stage 6. The weighing of layer normalization needs its
  // weight at stage 3, its bias at stage 4.
  localparam ADDR_WIDTH = REGION_WIDTH + INDEX_WIDTH;

  reg  [INDEX_WIDTH-1:0] read_index_q;
  reg  [INDEX_WIDTH-1:0] base_index_q;
  wire                   write;
  wire signed [15:0] a_data;
  wire signed [15:0] b_data;
  wire signed [15:0] base_data;
  wire signed [15:0] written = op_activate_i ? activation_i : data_o;

  assign write = op_activate_i ? activation_valid_i : valid_q[9];
  assign write_state_o = write && op_write_state_i;
  assign write_gate_o = write && op_write_gate_i;
  assign bias_next_o = op_weigh_i ? valid_q[3] : issue_i && op_array_i;
  assign weight_next_o = op_weigh_i ? valid_q[2] : issue_i && op_weight_i;

  always @(posedge clk_i) begin
    if (start_i) begin
      read_index_q  <= {INDEX_WIDTH{1'b0}};
      base_index_q  <= {INDEX_WIDTH{1'b0}};
      write_index_o <= {INDEX_WIDTH{1'b0}};
    end else begin
      if (issue_i) read_index_q <= read_index_q + 1'b1;
      if (valid_q[6]) base_index_q <= base_index_q + 1'b1;
      if (write) write_index_o <= write_index_o + 1'b1;
    end
  end

  // Three copies of the gate memory make three read ports.
  hg_ram #(
      .WIDTH     (16),
      .DEPTH     (GATE_DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_gates_a (
      .clk_i       (clk_i),
      .write_i     (write_gate_o),
      .write_addr_i({op_dest_i, write_index_o}),
      .write_data_i(written),
      .read_addr_i ({op_a_i, read_index_q}),
      .read_data_o (a_data)
  );

  hg_ram #(
      .WIDTH     (16),
      .DEPTH     (GATE_DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_gates_b (
      .clk_i       (clk_i),
      .write_i     (write_gate_o),
      .write_addr_i({op_dest_i, write_index_o}),
      .write_data_i(written),
      .read_addr_i ({op_b_i, read_index_q}),
      .read_data_o (b_data)
  );

  hg_ram #(
      .WIDTH     (16),
      .DEPTH     (GATE_DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) u_gates_base (
      .clk_i       (clk_i),
      .write_i     (write_gate_o),
      .write_addr_i({op_dest_i, write_index_o}),
      .write_data_i(written),
      .read_addr_i ({op_base_i, base_index_q}),
      .read_data_o (base_data)
  );

  // 1: a * b; the sum of the array + bias
  reg signed [15:0] a;
  reg signed [ACC_WIDTH-1:0] acc_q;
  reg signed [31:0] product_q;
  reg signed [31:0] sum_q;

  wire signed [15:0] b = b_zero_i ? 16'sd0 : b_data;

  assign value_o = a_data;
  assign sum_o   = sum_q;

  always @(*) begin
    a = a_data;
    if (op_complement_i) a = {1'b0, ~a_data[14:0]};  // a is not negative
    if (op_weight_i) a = weight_i;
  end

  always @(posedge clk_i) begin
    acc_q     <= acc_i;
    product_q <= a * b;
    sum_q     <= {{(32 - ACC_WIDTH) {acc_q[ACC_WIDTH-1]}}, acc_q}
               + {{(32 - BIAS_WIDTH) {bias_i[BIAS_WIDTH-1]}}, bias_i};
  end

  // 2: which x
  reg signed [31:0] x_q;

  always @(posedge clk_i) begin
    if (op_array_i) x_q <= sum_q;
    else if (op_norm_i) x_q <= norm_x_i;
    else x_q <= product_q;
  end

  // 3 to 6: rescale
  wire [SELECT_WIDTH-1:0] norm_select;
  wire [31:0] addend = {{(32 - BIAS_WIDTH) {bias_i[BIAS_WIDTH-1]}}, bias_i};

  generate
    if (SELECT_WIDTH > 4) begin : g_select
      assign norm_select = {{(SELECT_WIDTH - 4) {1'b0}}, norm_shift_i};
    end else begin : g_narrow
      assign norm_select = norm_shift_i[SELECT_WIDTH-1:0];
      if (SELECT_WIDTH < 4) begin : g_unused
        wire unused = &norm_shift_i[3:SELECT_WIDTH];
      end
    end
  endgenerate

  hgi_requantize #(
      .SHIFT_MIN   (SHIFT_MIN),
      .SELECT_WIDTH(SELECT_WIDTH),
      .OUT_WIDTH   (OUT_WIDTH)
  ) u_requantize (
      .clk_i       (clk_i),
      .x_i         (x_q),
      .multiplier_i(op_dynamic_i ? norm_multiplier_i : op_multiplier_i),
      .select_i    (op_select_i + norm_select),
      .pre_i       (op_pre_i),
      .away_i      (op_away_i),
      .add_i       (op_weigh_i),
      .addend_i    (addend),
      .product_o   (product_o),
      .data_o      (rescaled_o)
  );

  // 7: add the base, saturate to 16 bits
  localparam SUM_WIDTH = (OUT_WIDTH > 16 ? OUT_WIDTH : 16) + 1;

  wire signed [SUM_WIDTH-1:0] rescaled = {{(SUM_WIDTH - OUT_WIDTH) {rescaled_o[OUT_WIDTH-1]}}, rescaled_o};
  wire signed [15:0] rescaled16 = saturate16(rescaled);
  wire signed [SUM_WIDTH-1:0] base_wide =
      op_add_i ? {{(SUM_WIDTH - 16) {base_data[15]}}, base_data}
               : {{(SUM_WIDTH - 16) {op_offset_i[15]}}, op_offset_i};
  wire signed [SUM_WIDTH-1:0] total =
      base_wide
      + (op_presaturate_i ? {{(SUM_WIDTH - 16) {rescaled16[15]}}, rescaled16} : rescaled);

  function signed [15:0] saturate16(input signed [SUM_WIDTH-1:0] value);
    if (value[SUM_WIDTH-1:15] == {(SUM_WIDTH - 15) {value[SUM_WIDTH-1]}}) saturate16 = value[15:0];
    else saturate16 = {value[SUM_WIDTH-1], {15{!value[SUM_WIDTH-1]}}};
  endfunction

  reg signed [15:0] saturated_q;
  reg signed [15:0] clamped_q;

  // 8: clamp
  always @(posedge clk_i) begin
    saturated_q <= saturate16(total);
    if (saturated_q < op_low_i) clamped_q <= op_low_i;
    else if (saturated_q > op_high_i) clamped_q <= op_high_i;
    else clamped_q <= saturated_q;
  end

  // 9: write, or into the activation
  assign activation_valid_o = valid_q[9] && op_activate_i;
  assign data_o = clamped_q;

endmodule

`default_nettype wire
