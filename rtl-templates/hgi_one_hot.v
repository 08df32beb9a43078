// AXI4-Stream: every number that comes in becomes LAST + 1 elements, HOT at that place and 0 elsewhere.
// From the number to the first element is 1 cycle; the next number is taken after the last element.
`default_nettype none

module hgi_one_hot #(
    parameter                WIDTH    = 8,
    parameter                ID_WIDTH = 7,
    parameter [ID_WIDTH-1:0] LAST     = 7'd64,
    parameter [   WIDTH-1:0] HOT      = 8'd127
) (
    input  wire                clk_i,
    input  wire                rst_i,
    input  wire                s_axis_tvalid,
    output wire                s_axis_tready,
    input  wire [ID_WIDTH-1:0] s_axis_tdata,
    input  wire                s_axis_tlast,
    output reg                 m_axis_tvalid,
    input  wire                m_axis_tready,
    output wire [   WIDTH-1:0] m_axis_tdata,
    output reg                 m_axis_tlast    // of all elements
);

  reg [ID_WIDTH-1:0] id_q;
  reg [ID_WIDTH-1:0] index_q;

  wire is_accepted = s_axis_tvalid && s_axis_tready;
  wire is_taken = m_axis_tvalid && m_axis_tready;

  assign s_axis_tready = !m_axis_tvalid;
  assign m_axis_tdata  = index_q == id_q ? HOT : {WIDTH{1'b0}};

  always @(posedge clk_i) begin
    if (rst_i) m_axis_tvalid <= 1'b0;
    else m_axis_tvalid <= is_accepted || (m_axis_tvalid && !(is_taken && index_q == LAST));
    if (is_accepted) begin
      id_q         <= s_axis_tdata;
      index_q      <= {ID_WIDTH{1'b0}};
      m_axis_tlast <= s_axis_tlast;
    end else if (is_taken) begin
      index_q <= index_q + 1'b1;
    end
  end

endmodule

`default_nettype wire
