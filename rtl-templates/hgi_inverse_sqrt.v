// 1 / sqrt(value_i) as multiplier_o * 2^-(31 + shift_o): value_i is scaled by powers of 4 into [1/4, 1) of
// Q3.28, five Newton steps x = x (3 - v x^2) / 2 lead from 1 to the root, which is scaled by sqrt(1/2).
// value_i of 1 or less gives 1 - 2^-31. TensorFlow Lite's GetInvSqrtQuantizedMultiplierExp.
//
// The multiplications happen elsewhere: multiply_o asks for high_i = floor((x_o * m_o + 2^30) / 2^31), which
// is there when ready_i is; x_o and m_o hold still until then. Takes 15 cycles and 21 multiplications.
`default_nettype none

module hgi_inverse_sqrt (
    input  wire               clk_i,
    input  wire               rst_i,
    input  wire               start_i,
    input  wire        [30:0] value_i,
    output reg                multiply_o,
    output reg  signed [31:0] x_o,
    output reg  signed [31:0] m_o,
    input  wire               ready_i,
    input  wire signed [32:0] high_i,
    output reg                done_o,
    output reg         [30:0] multiplier_o,
    output wire        [ 3:0] shift_o
);

  localparam signed [31:0] THREE_HALVES = 32'sd402653184;  // Q3.28
  localparam signed [31:0] ONE = 32'sd268435456;           // Q3.28
  localparam signed [31:0] SQRT_HALF = 32'sd1518500250;    // Q0.31
  localparam [3:0] SCALINGS = 4'd14;                       // from 1 to 2^27 at most
  localparam [4:0] LAST = 5'd20;                           // multiplications: five times four, one more

  reg               scaling_q;
  reg        [ 3:0] scalings_q;
  reg        [ 4:0] number_q;
  reg               one_q;
  reg signed [ 4:0] right_q;
  reg        [30:0] value_q;
  reg signed [31:0] x_q;
  reg signed [31:0] t_q;

  assign shift_o = right_q[4] ? 4'd0 : right_q[3:0];

  // RDivPOT(value / 2, 1)
  wire [31:0] half = {2'b00, value_q[30:1]} + 32'd1;

  always @(*) begin
    m_o = x_q;
    case (number_q[1:0])
      2'd0: x_o = number_q == LAST ? SQRT_HALF : x_q;
      2'd1: x_o = t_q;
      2'd2: begin
        x_o = t_q;
        m_o = $signed({1'b0, half[31:1]});
      end
      default: x_o = THREE_HALVES;
    endcase
  end

  // The kernel saturates both to 32 bits, but x stays below 2: it comes from below and is not there after
  // five steps.
  wire signed [32:0] difference = high_i - {t_q[31], t_q};
  wire signed [31:0] cube = {high_i[25:0], 6'd0};
  wire signed [31:0] next = {difference[28:0], 3'd0};

  always @(posedge clk_i) begin
    multiply_o <= 1'b0;
    done_o     <= 1'b0;
    if (rst_i) begin
      scaling_q <= 1'b0;
    end else if (start_i) begin
      scaling_q  <= 1'b1;
      scalings_q <= SCALINGS;
    end else if (scaling_q) begin
      scalings_q <= scalings_q - 4'd1;
      scaling_q  <= scalings_q != 4'd0;
      multiply_o <= scalings_q == 4'd0;
    end else if (ready_i) begin
      multiply_o <= number_q != LAST;
      done_o     <= number_q == LAST;
    end
    if (start_i) begin
      value_q  <= value_i;
      one_q    <= value_i[30:1] == 30'd0;
      right_q  <= 5'sd11;
      number_q <= 5'd0;
      x_q      <= ONE;
    end else if (scaling_q) begin
      if (|value_q[30:29]) begin
        value_q <= value_q >> 2;
        right_q <= right_q + 5'sd1;
      end else if (value_q[28:27] == 2'b00) begin
        value_q <= value_q << 2;
        right_q <= right_q - 5'sd1;
      end
    end else if (ready_i) begin
      number_q <= number_q + 5'd1;
      case (number_q[1:0])
        2'd0: t_q <= high_i[31:0];
        2'd1: t_q <= cube;
        2'd2: t_q <= high_i[31:0];
        default: x_q <= next;
      endcase
      if (number_q == LAST) begin
        if (one_q) right_q <= 5'sd0;
        if (one_q) multiplier_o <= 31'h7fffffff;
        else if (right_q == -5'sd2) multiplier_o <= {high_i[28:0], 2'd0};
        else if (right_q == -5'sd1) multiplier_o <= {high_i[29:0], 1'b0};
        else multiplier_o <= high_i[30:0];
      end
    end
  end

  wire unused = &{half[0], high_i[32], difference[32:29]};

endmodule

`default_nettype wire
