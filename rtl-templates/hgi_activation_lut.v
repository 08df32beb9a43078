// Sigmoid and tanh by linear interpolation in a table of sigmoid(k / 24), k = 0..255, as CMSIS-NN and
// TensorFlow Lite Micro compute them; results in Q0.15, latency 5.
//
//   d = value_i * 3 * 2^shift, ties up;   y = T[k] * 512 + fraction * (T[k+1] - T[k]),
//
// sigmoid: k and fraction are the parts above and below 2^9 of |d|; tanh(x) = 2 sigmoid(2x) - 1: of 2 |d|.
// From k = 255 on, y is 65534 * 512 for the sigmoid and 65535 * 512 for tanh.
// shift = SHIFT_MIN + shift_i; value_i has 3 + shift integer bits; for the sigmoid shift is 0.
`default_nettype none

module hgi_activation_lut #(
    parameter SHIFT_MIN   = 0,  // -15..0
    parameter SHIFT_SPAN  = 1,  // largest shift - SHIFT_MIN
    parameter SHIFT_WIDTH = 1,
    parameter TABLE_FILE  = ""  // words {T[k+1] - T[k], T[k]}, 10 and 16 bits
) (
    input  wire                          clk_i,
    input  wire                          rst_i,
    input  wire                          valid_i,
    input  wire signed [           15:0] value_i,
    input  wire                          tanh_i,   // tanh_i and shift_i hold still until the last result
    input  wire        [SHIFT_WIDTH-1:0] shift_i,
    output wire                          valid_o,
    output wire                          busy_o,
    output reg  signed [           15:0] data_o
);

  localparam RIGHT = -SHIFT_MIN;
  localparam WIDE = 19 + SHIFT_SPAN;       // |3 * value * 2^span| plus half a unit
  localparam STEP_WIDTH = WIDE - RIGHT;
  localparam [WIDE-1:0] ONE = 1;

  reg [5:1] valid_q;

  assign valid_o = valid_q[5];
  assign busy_o  = |valid_q;

  always @(posedge clk_i) begin
    if (rst_i) valid_q <= 5'd0;
    else valid_q <= {valid_q[4:1], valid_i};
  end

  // 1: d
  wire signed [WIDE-1:0] value = {{(WIDE - 16) {value_i[15]}}, value_i};
  wire signed [WIDE-1:0] triple = value + (value <<< 1);
  wire signed [WIDE-1:0] shifted = (triple <<< shift_i) + $signed((ONE << RIGHT) >> 1);

  reg signed [STEP_WIDTH-1:0] steps_q;

  always @(posedge clk_i) steps_q <= shifted[WIDE-1:RIGHT];

  generate
    if (RIGHT > 0) begin : g_unused
      wire unused = &shifted[RIGHT-1:0];
    end
  endgenerate

  // 2: |d|, doubled for tanh
  wire is_negative = steps_q[STEP_WIDTH-1];
  wire [STEP_WIDTH-1:0] magnitude =
      (steps_q ^ {STEP_WIDTH{is_negative}}) + {{(STEP_WIDTH - 1) {1'b0}}, is_negative};
  wire [STEP_WIDTH:0] doubled = tanh_i ? {magnitude, 1'b0} : {1'b0, magnitude};
  wire is_large = |doubled[STEP_WIDTH:17] || &doubled[16:9];

  reg       [7:0] index_q;
  reg       [8:0] fraction_q[0:1];
  reg       [1:0] large_q;
  reg       [2:0] negative_q;

  always @(posedge clk_i) begin
    index_q       <= is_large ? 8'd255 : doubled[16:9];
    fraction_q[0] <= doubled[8:0];
    fraction_q[1] <= fraction_q[0];
    large_q       <= {large_q[0], is_large};
    negative_q    <= {negative_q[1:0], is_negative};
  end

  // 3: the table; its last entry is 65535, with no difference
  wire [25:0] entry;

  hg_rom #(
      .WIDTH     (26),
      .DEPTH     (256),
      .ADDR_WIDTH(8),
      .INIT_FILE (TABLE_FILE)
  ) u_table (
      .clk_i (clk_i),
      .addr_i(index_q),
      .data_o(entry)
  );

  // 4: y
  wire [15:0] from = {entry[15:1], entry[0] && !(large_q[1] && !tanh_i)};
  wire [18:0] rise = entry[25:16] * fraction_q[1];

  reg [24:0] y_q;

  always @(posedge clk_i) y_q <= {from, 9'd0} + {6'd0, rise};

  // 5: half a unit, and 2^25 - y or 2^24 - y for negative values, whose halves go down: -y = ~y + 1
  wire [26:0] signed_y = {2'b00, y_q} ^ {27{negative_q[2]}};
  reg [26:0] offset;

  always @(*) begin
    if (tanh_i) offset = negative_q[2] ? 27'd16777472 : -27'd16776960;
    else offset = negative_q[2] ? 27'd33554944 : 27'd512;
  end

  wire [26:0] result = signed_y + offset;

  always @(posedge clk_i) data_o <= tanh_i ? result[24:9] : result[25:10];

  wire unused = &{result[26], result[8:0]};

endmodule

`default_nettype wire
