// AXI4-Stream input with room for one whole sequence: a step's elements arrive in LAST_INDEX + 1 beats, and
// all go to a memory one after the other. tlast on a step's last beat ends the sequence, and so does step
// LAST_STEP, when the memory is full.
`default_nettype none

module hgi_sequence_in #(
    parameter                   INDEX_WIDTH = 4,
    parameter [INDEX_WIDTH-1:0] LAST_INDEX  = 4'd15,
    parameter                   STEP_WIDTH  = 5,
    parameter [ STEP_WIDTH-1:0] LAST_STEP   = 5'd31,
    parameter                   ADDR_WIDTH  = 9
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    input  wire                  s_axis_tvalid,
    output wire                  s_axis_tready,
    input  wire                  s_axis_tlast,
    output wire                  load_o,          // tdata goes to load_address_o
    output reg  [ADDR_WIDTH-1:0] load_address_o,
    output reg                   full_o,          // the sequence is there
    output reg  [STEP_WIDTH-1:0] last_o,          // number of its last step
    input  wire                  release_i        // and is no longer needed
);

  reg [INDEX_WIDTH-1:0] index_q;
  reg [ STEP_WIDTH-1:0] step_q;

  wire is_last_beat = index_q == LAST_INDEX;
  wire is_end = is_last_beat && (s_axis_tlast || step_q == LAST_STEP);

  assign s_axis_tready = !full_o;
  assign load_o        = s_axis_tvalid && s_axis_tready;

  always @(posedge clk_i) begin
    if (rst_i) begin
      full_o         <= 1'b0;
      index_q        <= {INDEX_WIDTH{1'b0}};
      step_q         <= {STEP_WIDTH{1'b0}};
      load_address_o <= {ADDR_WIDTH{1'b0}};
    end else begin
      if (release_i) full_o <= 1'b0;
      if (load_o) begin
        index_q        <= is_last_beat ? {INDEX_WIDTH{1'b0}} : index_q + 1'b1;
        load_address_o <= is_end ? {ADDR_WIDTH{1'b0}} : load_address_o + 1'b1;
        if (is_last_beat) step_q <= is_end ? {STEP_WIDTH{1'b0}} : step_q + 1'b1;
        if (is_end) full_o <= 1'b1;
      end
    end
    if (load_o && is_end) last_o <= step_q;
  end

endmodule

`default_nettype wire
