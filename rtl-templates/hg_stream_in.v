// AXI4-Stream input with room for two steps: a step's elements arrive in LAST_INDEX + 1 beats and are
// written into one buffer while the array reads the other. tlast on a step's last beat ends the sequence.
`default_nettype none

module hg_stream_in #(
    parameter                   INDEX_WIDTH = 4,
    parameter [INDEX_WIDTH-1:0] LAST_INDEX  = 4'd15
) (
    input  wire                   clk_i,
    input  wire                   rst_i,
    input  wire                   s_axis_tvalid,
    output wire                   s_axis_tready,
    input  wire                   s_axis_tlast,
    output wire                   load_o,         // tdata goes to {load_buffer_o, load_index_o}
    output reg                    load_buffer_o,
    output reg  [INDEX_WIDTH-1:0] load_index_o,
    input  wire                   read_buffer_i,
    output wire                   full_o,         // the buffer read_buffer_i holds a whole step
    output wire                   last_o,         // which is the last of its sequence
    input  wire                   release_i,      // the buffer release_buffer_i is no longer needed
    input  wire                   release_buffer_i
);

  reg [1:0] full_q;
  reg [1:0] last_q;

  wire is_last_beat = load_index_o == LAST_INDEX;

  assign s_axis_tready = !full_q[load_buffer_o];
  assign load_o = s_axis_tvalid && s_axis_tready;
  assign full_o = full_q[read_buffer_i];
  assign last_o = last_q[read_buffer_i];

  always @(posedge clk_i) begin
    if (rst_i) begin
      full_q        <= 2'b00;
      load_buffer_o <= 1'b0;
      load_index_o  <= {INDEX_WIDTH{1'b0}};
    end else begin
      if (release_i) full_q[release_buffer_i] <= 1'b0;
      if (load_o) begin
        load_index_o <= is_last_beat ? {INDEX_WIDTH{1'b0}} : load_index_o + 1'b1;
        if (is_last_beat) begin
          full_q[load_buffer_o] <= 1'b1;
          last_q[load_buffer_o] <= s_axis_tlast;
          load_buffer_o         <= !load_buffer_o;
        end
      end
    end
  end

endmodule

`default_nettype wire
