// What hg_input_place must do: of element n of x, counted from the step's first, all sequences come one after the other,
// and it belongs to row n mod ROWS, tile n / ROWS. An invariant, by induction from reset.
//
// Assumed: a step has no more elements than tiles hold.
`default_nettype none

module hg_input_place_spec #(
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15,
    parameter                      ROW_WIDTH      = 4,
    parameter [     ROW_WIDTH-1:0] LAST_ROW       = 4'd15,
    parameter                      TILE_WIDTH     = 3
) (
    input wire clk_i,
    input wire rst_i,
    input wire load_i,
    input wire last_i
);

  localparam ROWS = LAST_ROW + 1;

  wire [SEQUENCE_WIDTH-1:0] sequence_o;
  wire [ROW_WIDTH-1:0] row_o;
  wire [TILE_WIDTH-1:0] tile_o;

  hg_input_place #(
      .SEQUENCE_WIDTH(SEQUENCE_WIDTH),
      .LAST_SEQUENCE (LAST_SEQUENCE),
      .ROW_WIDTH     (ROW_WIDTH),
      .LAST_ROW      (LAST_ROW),
      .TILE_WIDTH    (TILE_WIDTH)
  ) dut (
      .clk_i     (clk_i),
      .rst_i     (rst_i),
      .load_i    (load_i),
      .last_i    (last_i),
      .sequence_o(sequence_o),
      .row_o     (row_o),
      .tile_o    (tile_o)
  );

  reg started = 1'b0;
  reg [31:0] element, number;

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i || (load_i && last_i)) begin
      element <= 0;
      number  <= 0;
    end else if (load_i) begin
      number <= number == LAST_SEQUENCE ? 0 : number + 1;
      if (number == LAST_SEQUENCE) element <= element + 1;
    end
  end

  always @(*) begin
    assume (started || rst_i);
    assume (element < (ROWS << TILE_WIDTH));
    if (started) begin
      assert (sequence_o == number && number <= LAST_SEQUENCE);
      assert (row_o <= LAST_ROW && tile_o * ROWS + row_o == element);
    end
  end

endmodule

`default_nettype wire
