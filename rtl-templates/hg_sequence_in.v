// AXI4-Stream input of whole sequences. A step arrives in LAST_INDEX + 1 beats, of which 2^PACK_WIDTH share a
// word of memory; words are numbered from the sequence's first on. tlast on a step's last beat ends the
// sequence. So does the last step that there is room for: what follows counts as another sequence. Then no
// beat is taken until the sequence is released.
`default_nettype none

module hg_sequence_in #(
    parameter                   INDEX_WIDTH = 4,
    parameter [INDEX_WIDTH-1:0] LAST_INDEX  = 4'd15,
    parameter                   PACK_WIDTH  = 0,
    parameter                   ADDR_WIDTH  = 10,
    parameter [ ADDR_WIDTH-1:0] LAST_STEP   = 10'd1008  // first word of the last step in memory
) (
    input  wire                   clk_i,
    input  wire                   rst_i,
    input  wire                   s_axis_tvalid,
    output wire                   s_axis_tready,
    input  wire                   s_axis_tlast,
    output wire                   load_o,         // tdata belongs to this word and beat
    output reg  [ ADDR_WIDTH-1:0] load_addr_o,
    output reg  [INDEX_WIDTH-1:0] load_index_o,   // in its step
    output reg                    full_o,         // a whole sequence is there
    output reg  [ ADDR_WIDTH-1:0] last_step_o,    // first word of its last step
    input  wire                   release_i       // it is no longer needed
);

  reg full_q;

  wire is_last_beat = load_index_o == LAST_INDEX;
  wire ends_word;
  wire ends_sequence = s_axis_tlast || last_step_o == LAST_STEP;

  generate
    if (PACK_WIDTH > 0) begin : g_packed
      localparam [PACK_WIDTH-1:0] LAST_FIELD = {PACK_WIDTH{1'b1}};
      wire [PACK_WIDTH+INDEX_WIDTH-1:0] index = {{PACK_WIDTH{1'b0}}, load_index_o};
      assign ends_word = is_last_beat || index[PACK_WIDTH-1:0] == LAST_FIELD;
      wire unused = &index[PACK_WIDTH+INDEX_WIDTH-1:PACK_WIDTH];
    end else begin : g_single
      assign ends_word = 1'b1;
    end
  endgenerate

  assign s_axis_tready = !full_q;
  assign load_o = s_axis_tvalid && s_axis_tready;

  always @(posedge clk_i) begin
    // A cycle later, so that the last word can be read.
    full_o <= full_q && !release_i && !rst_i;
    if (rst_i) begin
      full_q       <= 1'b0;
      load_addr_o  <= {ADDR_WIDTH{1'b0}};
      load_index_o <= {INDEX_WIDTH{1'b0}};
      last_step_o  <= {ADDR_WIDTH{1'b0}};
    end else if (release_i) begin
      full_q      <= 1'b0;
      load_addr_o <= {ADDR_WIDTH{1'b0}};
      last_step_o <= {ADDR_WIDTH{1'b0}};
    end else if (load_o) begin
      load_index_o <= is_last_beat ? {INDEX_WIDTH{1'b0}} : load_index_o + 1'b1;
      if (ends_word) load_addr_o <= load_addr_o + 1'b1;
      if (is_last_beat) begin
        if (ends_sequence) full_q <= 1'b1;
        else last_step_o <= load_addr_o + 1'b1;
      end
    end
  end

endmodule

`default_nettype wire
