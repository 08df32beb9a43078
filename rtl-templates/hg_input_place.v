// Where the next element of x goes in a weight-stationary array: element n of a sequence belongs to row n mod ROWS,
// tile n / ROWS. Of each element all sequences come, one after the other.
`default_nettype none

module hg_input_place #(
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15,
    parameter                      ROW_WIDTH      = 4,
    parameter [     ROW_WIDTH-1:0] LAST_ROW       = 4'd15,
    parameter                      TILE_WIDTH     = 3
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      load_i,
    input  wire                      last_i,      // of the step
    output reg  [SEQUENCE_WIDTH-1:0] sequence_o,
    output reg  [     ROW_WIDTH-1:0] row_o,
    output reg  [    TILE_WIDTH-1:0] tile_o
);

  always @(posedge clk_i) begin
    if (rst_i || (load_i && last_i)) begin
      sequence_o <= {SEQUENCE_WIDTH{1'b0}};
      row_o      <= {ROW_WIDTH{1'b0}};
      tile_o     <= {TILE_WIDTH{1'b0}};
    end else if (load_i) begin
      if (sequence_o != LAST_SEQUENCE) sequence_o <= sequence_o + 1'b1;
      else begin
        sequence_o <= {SEQUENCE_WIDTH{1'b0}};
        row_o      <= row_o == LAST_ROW ? {ROW_WIDTH{1'b0}} : row_o + 1'b1;
        if (row_o == LAST_ROW) tile_o <= tile_o + 1'b1;
      end
    end
  end

endmodule

`default_nettype wire
