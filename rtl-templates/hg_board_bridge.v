// Bytes of a UART to the streams of a design, and back.
//
// From the host:  50 and a step's bytes (BEATS beats of BEAT_BYTES, lowest byte first); 51 instead of 50 for the
//                 last step of a sequence; 52: reset the design, answered by 5A and the four bytes of DESIGN_ID.
// To the host:    06: the step is taken and there is room for another; 50 (51: of a sequence's last step) and
//                 RESULT_BYTES bytes of a result, lowest byte first.
//
// A host that waits for 06 before it sends another step never sends too early. error_o rises when it does, or
// sends a byte that begins nothing, and falls with 52.
`default_nettype none

module hg_board_bridge #(
    parameter        BEAT_BYTES   = 1,
    parameter        BEATS        = 1,
    parameter        RESULT_BYTES = 1,
    parameter [31:0] DESIGN_ID    = 32'h00000000
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      rx_valid_i,
    input  wire [               7:0] rx_data_i,
    output wire                      tx_valid_o,
    input  wire                      tx_ready_i,
    output wire [               7:0] tx_data_o,
    output reg                       design_rst_o,
    output reg                       s_axis_tvalid,
    input  wire                      s_axis_tready,
    output wire [  8*BEAT_BYTES-1:0] s_axis_tdata,
    output reg                       s_axis_tlast,
    input  wire                      m_axis_tvalid,
    output wire                      m_axis_tready,
    input  wire [8*RESULT_BYTES-1:0] m_axis_tdata,
    input  wire                      m_axis_tlast,
    output reg                       error_o
);

  localparam [7:0] STEP = 8'h50;
  localparam [7:0] LAST_STEP = 8'h51;
  localparam [7:0] HELLO = 8'h52;
  localparam [7:0] IDENTITY = 8'h5a;
  localparam [7:0] READY = 8'h06;

  localparam BYTE_WIDTH = BEAT_BYTES > 1 ? $clog2(BEAT_BYTES) : 1;
  localparam BEAT_WIDTH = BEATS > 1 ? $clog2(BEATS) : 1;
  localparam [31:0] LAST_BYTE = BEAT_BYTES - 1;
  localparam [31:0] LAST_BEAT = BEATS - 1;
  // Room for an answer, and a byte that pads both kinds.
  localparam OUT_BYTES = (RESULT_BYTES > 4 ? RESULT_BYTES : 4) + 2;
  localparam OUT_WIDTH = $clog2(OUT_BYTES);
  localparam [31:0] RESULT_LENGTH = RESULT_BYTES + 1;
  localparam [31:0] IDENTITY_LENGTH = 5;

  // Host to design.
  reg is_step_q;  // bytes of a step follow
  reg is_last_q;  // it is the last of its sequence
  reg [BYTE_WIDTH-1:0] byte_q;
  reg [BEAT_WIDTH-1:0] beat_q;
  reg [8*BEAT_BYTES-1:0] data_q;
  reg ends_step_q;    // the beat offered is its step's last
  reg is_awaiting_q;  // the step is taken, but there is no room for another yet
  reg ready_q;        // to be told the host
  reg hello_q;        // to be told the host

  wire is_blocked = s_axis_tvalid && !s_axis_tready;
  wire is_last_byte = byte_q == LAST_BYTE[BYTE_WIDTH-1:0];
  wire is_last_beat = beat_q == LAST_BEAT[BEAT_WIDTH-1:0];
  wire [8*BEAT_BYTES+7:0] shifted = {rx_data_i, data_q};
  wire unused_shifted = &shifted[7:0];

  assign s_axis_tdata = data_q;

  // Design to host.
  reg [8*OUT_BYTES-1:0] out_q;
  reg [OUT_WIDTH-1:0] left_q;  // bytes of it to be sent

  wire is_idle = left_q == {OUT_WIDTH{1'b0}};
  wire tells_hello = is_idle && hello_q;
  wire tells_result = m_axis_tvalid && m_axis_tready;
  wire tells_ready = is_idle && !hello_q && !m_axis_tvalid && ready_q;

  assign m_axis_tready = is_idle && !hello_q && !design_rst_o;
  assign tx_valid_o = !is_idle;
  assign tx_data_o = out_q[7:0];

  always @(posedge clk_i) begin
    design_rst_o <= rst_i;
    if (rst_i) begin
      s_axis_tvalid <= 1'b0;
      is_step_q     <= 1'b0;
      is_awaiting_q <= 1'b0;
      ready_q       <= 1'b0;
      hello_q       <= 1'b0;
      error_o       <= 1'b0;
      left_q        <= {OUT_WIDTH{1'b0}};
    end else begin
      if (tells_hello) begin
        hello_q <= 1'b0;
        left_q  <= IDENTITY_LENGTH[OUT_WIDTH-1:0];
        out_q <= {
          {(8 * OUT_BYTES - 40) {1'b0}},
          DESIGN_ID[7:0], DESIGN_ID[15:8], DESIGN_ID[23:16], DESIGN_ID[31:24], IDENTITY
        };
      end else if (tells_result) begin
        left_q <= RESULT_LENGTH[OUT_WIDTH-1:0];
        out_q <= {
          {(8 * (OUT_BYTES - RESULT_BYTES - 1)) {1'b0}}, m_axis_tdata, STEP[7:1], m_axis_tlast
        };
      end else if (tells_ready) begin
        ready_q    <= 1'b0;
        left_q     <= {{(OUT_WIDTH - 1) {1'b0}}, 1'b1};
        out_q[7:0] <= READY;
      end else if (tx_valid_o && tx_ready_i) begin
        left_q <= left_q - 1'b1;
        out_q  <= {8'h00, out_q[8*OUT_BYTES-1:8]};
      end

      if (s_axis_tvalid && s_axis_tready) begin
        s_axis_tvalid <= 1'b0;
        is_awaiting_q <= ends_step_q;
      end
      if (is_awaiting_q && s_axis_tready) begin
        is_awaiting_q <= 1'b0;
        ready_q       <= 1'b1;
      end

      if (rx_valid_i && !is_step_q) begin
        case (rx_data_i)
          STEP, LAST_STEP: begin
            is_step_q <= 1'b1;
            is_last_q <= rx_data_i[0];
            byte_q    <= {BYTE_WIDTH{1'b0}};
            beat_q    <= {BEAT_WIDTH{1'b0}};
          end
          HELLO: begin
            design_rst_o  <= 1'b1;
            s_axis_tvalid <= 1'b0;
            is_awaiting_q <= 1'b0;
            ready_q       <= 1'b0;
            hello_q       <= 1'b1;
            error_o       <= 1'b0;
          end
          default: error_o <= 1'b1;
        endcase
      end else if (rx_valid_i && is_blocked) begin
        error_o <= 1'b1;
      end else if (rx_valid_i) begin
        data_q <= shifted[8*BEAT_BYTES+7:8];
        byte_q <= is_last_byte ? {BYTE_WIDTH{1'b0}} : byte_q + 1'b1;
        if (is_last_byte) begin
          beat_q        <= beat_q + 1'b1;
          s_axis_tvalid <= 1'b1;
          s_axis_tlast  <= is_last_q && is_last_beat;
          ends_step_q   <= is_last_beat;
          is_step_q     <= !is_last_beat;
        end
      end
    end
  end

endmodule

`default_nettype wire
