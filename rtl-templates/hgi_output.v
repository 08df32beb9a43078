// AXI4-Stream master: after start_i, last_index_i + 1 words of a memory, one per cycle. The memory has a
// synchronous read port at address index_o, and its output is tdata.
`default_nettype none

module hgi_output #(
    parameter INDEX_WIDTH = 5
) (
    input  wire                   clk_i,
    input  wire                   rst_i,
    input  wire                   start_i,
    input  wire [INDEX_WIDTH-1:0] last_index_i,
    input  wire                   last_step_i,
    output wire [INDEX_WIDTH-1:0] index_o,
    output reg                    m_axis_tvalid,
    input  wire                   m_axis_tready,
    output wire                   m_axis_tlast,
    output wire                   done_o
);

  reg                   active_q;
  reg [INDEX_WIDTH-1:0] index_q;

  wire is_taken = m_axis_tvalid && m_axis_tready;
  wire is_last = index_q == last_index_i;

  // The word after one that is taken is read in the same cycle.
  assign index_o      = is_taken ? index_q + 1'b1 : index_q;
  assign m_axis_tlast = last_step_i && is_last;
  assign done_o       = is_taken && is_last;

  always @(posedge clk_i) begin
    if (rst_i) begin
      active_q      <= 1'b0;
      m_axis_tvalid <= 1'b0;
    end else begin
      active_q      <= start_i || (active_q && !done_o);
      m_axis_tvalid <= active_q && !done_o;
    end
    if (start_i) index_q <= {INDEX_WIDTH{1'b0}};
    else index_q <= index_o;
  end

endmodule

`default_nettype wire
