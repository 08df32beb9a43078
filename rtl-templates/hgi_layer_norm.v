// The statistics of layer normalization as TensorFlow Lite's ApplyLayerNorm has them, of n = size_i values:
//
//   mean = trunc(1024 * sum / n),   variance = trunc((reciprocal * squares - mean^2) / 2^20),
//
// reciprocal = floor(2^20 / n), guard_i instead of a variance below 1, and 1 / sqrt(variance) as multiplier
// and shift. The requantizer outside multiplies: while values pass, it gives reciprocal * value^2 as
// product_i; from start_i on it works for this module, one product at a time.
`default_nettype none

module hgi_layer_norm #(
    parameter SIZE_WIDTH = 5  // n is below 2^SIZE_WIDTH
) (
    input  wire                         clk_i,
    input  wire                         rst_i,
    // statistics
    input  wire                         clear_i,
    input  wire                         value_valid_i,
    input  wire signed [          15:0] value_i,
    input  wire                         square_valid_i,
    input  wire signed [          51:0] product_i,
    // from them, multiplier and shift
    input  wire                         start_i,
    input  wire        [SIZE_WIDTH-1:0] size_i,
    input  wire        [          30:0] guard_i,
    output wire                         multiply_o,
    output wire signed [          31:0] x_o,
    output wire signed [          31:0] m_o,
    input  wire                         product_valid_i,
    input  wire                         high_valid_i,
    input  wire signed [          32:0] high_i,
    output wire                         done_o,
    output wire signed [          26:0] mean_o,
    output wire        [          30:0] multiplier_o,
    output wire        [           3:0] shift_o
);

  localparam SUM_WIDTH = 16 + SIZE_WIDTH;
  localparam DIVIDEND_WIDTH = SUM_WIDTH + 10;
  localparam [5:0] LAST_DIGIT = DIVIDEND_WIDTH - 1;

  reg signed [SUM_WIDTH-1:0] sum_q;
  reg signed [52:0] variance_q;  // times 2^20

  // Long division of |1024 * sum|, a binary digit per cycle: quotient digits enter where those of the
  // dividend leave.
  reg                       dividing_q;
  reg  [               5:0] digit_q;
  reg  [DIVIDEND_WIDTH-1:0] quotient_q;
  reg  [    SIZE_WIDTH-1:0] remainder_q;
  reg                       squaring_q;
  reg                       square_q;
  reg                       starting_q;

  wire is_negative = sum_q[SUM_WIDTH-1];
  wire [SUM_WIDTH-1:0] magnitude =
      (sum_q ^ {SUM_WIDTH{is_negative}}) + {{(SUM_WIDTH - 1) {1'b0}}, is_negative};
  wire [SIZE_WIDTH:0] partial = {remainder_q, quotient_q[DIVIDEND_WIDTH-1]};
  wire [SIZE_WIDTH:0] rest = partial - {1'b0, size_i};
  wire digit = !rest[SIZE_WIDTH];

  assign mean_o = (quotient_q[26:0] ^ {27{is_negative}}) + {26'd0, is_negative};

  always @(posedge clk_i) begin
    square_q   <= 1'b0;
    starting_q <= 1'b0;
    if (rst_i) begin
      dividing_q <= 1'b0;
      squaring_q <= 1'b0;
    end else if (start_i) begin
      dividing_q <= 1'b1;
    end else if (dividing_q) begin
      dividing_q <= digit_q != LAST_DIGIT;
      squaring_q <= digit_q == LAST_DIGIT;
      square_q   <= digit_q == LAST_DIGIT;
    end else if (squaring_q && high_valid_i) begin
      squaring_q <= 1'b0;
      starting_q <= 1'b1;
    end
    if (start_i) begin
      digit_q     <= 6'd0;
      quotient_q  <= {magnitude, 10'd0};
      remainder_q <= {SIZE_WIDTH{1'b0}};
    end else if (dividing_q) begin
      digit_q     <= digit_q + 6'd1;
      quotient_q  <= {quotient_q[DIVIDEND_WIDTH-2:0], digit};
      remainder_q <= digit ? rest[SIZE_WIDTH-1:0] : partial[SIZE_WIDTH-1:0];
    end
    if (clear_i) sum_q <= {SUM_WIDTH{1'b0}};
    else if (value_valid_i) sum_q <= sum_q + {{SIZE_WIDTH{value_i[15]}}, value_i};
    if (clear_i) variance_q <= 53'd0;
    else if (square_valid_i) variance_q <= variance_q + {product_i[51], product_i};
    else if (squaring_q && product_valid_i) variance_q <= variance_q - {product_i[51], product_i};
  end

  wire is_below_one = variance_q[52] || variance_q[51:20] == 32'd0;
  wire multiply;
  wire signed [31:0] x;
  wire signed [31:0] m;

  hgi_inverse_sqrt u_inverse_sqrt (
      .clk_i       (clk_i),
      .rst_i       (rst_i),
      .start_i     (starting_q),
      .value_i     (is_below_one ? guard_i : variance_q[50:20]),
      .multiply_o  (multiply),
      .x_o         (x),
      .m_o         (m),
      .ready_i     (high_valid_i && !squaring_q),
      .high_i      (high_i),
      .done_o      (done_o),
      .multiplier_o(multiplier_o),
      .shift_o     (shift_o)
  );

  wire signed [31:0] mean = {{5{mean_o[26]}}, mean_o};

  assign multiply_o = square_q || multiply;
  assign x_o = squaring_q ? mean : x;
  assign m_o = squaring_q ? mean : m;

endmodule

`default_nettype wire
