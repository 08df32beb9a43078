// Sigmoid and tanh as gemmlowp computes them: exp by Taylor series and barrel shifter, 2 / (1 + exp) by
// Newton's division; results in Q0.15, latency 40, one value at a time.
//
//   sigmoid(z) = 1 / (1 + e^-|z|),  tanh(z) = (1 - e^-2|z|) / (1 + e^-2|z|),  and their symmetry.
//
// The exponent has exponent_bits_i integer bits: those of value_i, for tanh one more, 1..7 in all. Every
// product is rounded to floor((a b + 2^14) / 2^15).
`default_nettype none

module hgi_activation_gemmlowp #(
    parameter ALIGN_WIDTH = 1
) (
    input  wire                          clk_i,
    input  wire                          rst_i,
    input  wire                          valid_i,          // 40 cycles after the last one, or later
    input  wire signed [           15:0] value_i,
    input  wire                          tanh_i,           // these three hold still until the last result
    input  wire        [            2:0] exponent_bits_i,
    input  wire        [ALIGN_WIDTH-1:0] align_i,          // value_i * 2^align_i is what is meant
    output reg                           valid_o,
    output wire                          busy_o,
    output reg  signed [           15:0] data_o
);

  localparam [4:0] DIVISION = 5'd12;  // after 5..11: factors exp(-1/4), exp(-1/2) ... exp(-16)
  localparam [4:0] LAST = 5'd18;

  localparam signed [15:0] EXP_EIGHTH = 16'sd28918;  // exp(-1/8), Q0.15
  localparam signed [15:0] LINE_START = 16'sd23130;  // 48/17, Q2.13
  localparam signed [15:0] ONE = 16'sd8192;          // Q2.13

  reg               active_q;
  reg               second_q;  // of a step's two cycles: the product is there
  reg               result_q;
  reg        [ 4:0] step_q;
  reg               negative_q;
  reg               zero_q;
  reg               nothing_q;    // exp is 0: from -32 on
  reg        [ 6:0] quarters_q;
  reg signed [15:0] x_q;
  reg signed [15:0] y_q;
  reg signed [15:0] t_q;
  reg signed [31:0] product_q;

  assign busy_o = active_q || result_q || valid_o;

  // -|value|, and its quarters: value = rest - quarters / 4, rest in [-1/4, 0). The series starts at -1/8.
  wire signed [15:0] aligned = value_i <<< align_i;
  wire signed [15:0] falling = aligned[15] ? aligned : -aligned;
  wire signed [22:0] scaled = $signed({{7{falling[15]}}, falling}) <<< exponent_bits_i;

  wire signed [31:0] rounded = product_q + 32'sd16384;
  wire signed [15:0] high = rounded[30:15];
  wire signed [15:0] half = {2'b01, y_q[14:1]};  // (1 + y) / 2, y not negative

  // Roundings half away from zero: by 2 places of a value that is not negative, by 1 place
  wire signed [15:0] quarter = (high + 16'sd2) >>> 2;
  wire signed [15:0] sum = high + y_q;
  wire signed [15:0] tail = (sum + {15'd0, !sum[15]}) >>> 1;
  wire signed [16:0] near = {EXP_EIGHTH[15], EXP_EIGHTH} + {high[15], high};
  wire signed [15:0] fourfold =
      high[15:13] == {3{high[15]}} ? {high[13:0], 2'b00} : {high[15], {15{!high[15]}}};

  reg signed [15:0] a;
  reg signed [15:0] b;

  always @(*) begin
    a = y_q;
    b = x_q;
    case (step_q)
      5'd0: a = x_q;
      5'd1: ;
      5'd2: b = y_q;
      5'd3: begin
        a = t_q;
        b = 16'sd10923;  // 1/3
      end
      5'd4: begin
        a = t_q;
        b = EXP_EIGHTH;
      end
      5'd5: b = 16'sd25520;
      5'd6: b = 16'sd19875;
      5'd7: b = 16'sd12055;
      5'd8: b = 16'sd4435;
      5'd9: b = 16'sd600;
      5'd10: b = 16'sd11;
      5'd11: b = 16'sd0;
      DIVISION: begin
        a = half;
        b = -16'sd15420;  // -32/17, Q2.13
      end
      5'd13, 5'd15, 5'd17: a = half;
      default: a = t_q;
    endcase
  end

  // In the end x is 2 / (1 + y) in Q2.13.
  wire signed [15:0] excess = x_q - ONE;
  wire signed [15:0] sigmoid = x_q[15:14] == 2'b00 ? {x_q[14:0], 1'b0} : 16'sd32767;
  wire signed [15:0] tangent =
      excess[15:13] == {3{excess[15]}} ? {excess[13:0], 2'b00} : {excess[15], {15{!excess[15]}}};

  always @(posedge clk_i) begin
    product_q <= a * b;
    valid_o   <= result_q;
    if (rst_i) begin
      active_q <= 1'b0;
      result_q <= 1'b0;
      valid_o  <= 1'b0;
    end else begin
      if (valid_i) active_q <= 1'b1;
      else if (second_q && step_q == LAST) active_q <= 1'b0;
      result_q <= active_q && second_q && step_q == LAST;
    end
    if (valid_i) begin
      step_q     <= 5'd0;
      second_q   <= 1'b0;
      negative_q <= value_i[15];
      zero_q     <= value_i == 16'sd0;
      nothing_q  <= scaled[21:20] != 2'b11;
      quarters_q <= ~scaled[19:13];
      x_q        <= {3'b000, scaled[12:0]} - 16'sd4096;
    end else begin
      second_q <= !second_q;
      if (second_q) begin
        step_q <= step_q + 5'd1;
        case (step_q)
          5'd0: y_q <= high;
          5'd1: t_q <= high;
          5'd2: t_q <= t_q + quarter;
          5'd3: t_q <= x_q + tail;
          5'd4: y_q <= near[16:15] == 2'b00 ? near[15:0] : {near[16], {15{!near[16]}}};
          DIVISION: x_q <= LINE_START + high;
          5'd13, 5'd15, 5'd17: t_q <= ONE - high;
          5'd14, 5'd16, 5'd18: x_q <= x_q + fourfold;
          default: begin
            if (nothing_q) y_q <= 16'sd0;
            else if (quarters_q[0]) y_q <= high;
            quarters_q <= quarters_q >> 1;
          end
        endcase
      end
    end
    if (zero_q) data_o <= tanh_i ? 16'sd0 : 16'sd16384;
    else if (tanh_i) data_o <= negative_q ? -tangent : tangent;
    else data_o <= negative_q ? 16'sd32767 - sigmoid : sigmoid;
  end

  wire unused = &{scaled[22], rounded[31], rounded[14:0]};

endmodule

`default_nettype wire
