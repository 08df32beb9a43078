// What hg_hidden_place must do: it knows of every h that is written its sequence, and its unit n by row n mod ROWS and
// tile n / ROWS of the layer's tiles in this step's bank. Units come in groups, a layer's last one maybe smaller; of a
// group all units of a sequence, then those of the next; then the next group, the next layer, the other bank. An
// invariant, by induction from reset.
`default_nettype none

module hg_hidden_place_spec #(
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15,
    parameter                      ROW_WIDTH      = 4,
    parameter [     ROW_WIDTH-1:0] LAST_ROW       = 4'd15,
    parameter                      GROUP_WIDTH    = 2,
    parameter [   GROUP_WIDTH-1:0] LAST_OF_GROUP  = 2'd3,
    parameter                      UNIT_WIDTH     = 5,
    parameter                      TILE_WIDTH     = 3,
    parameter                      LAYERS         = 1,
    parameter                      LAYER_WIDTH    = 1,
    parameter [LAYERS*UNIT_WIDTH-1:0] LAST_UNITS  = 0,
    parameter [LAYERS*TILE_WIDTH-1:0] TILE_BASES  = 0,
    parameter [   TILE_WIDTH-1:0]     BANK_TILES  = 4
) (
    input wire clk_i,
    input wire rst_i,
    input wire write_i
);

  localparam ROWS = LAST_ROW + 1;

  wire [ROW_WIDTH-1:0] row_o;
  wire [TILE_WIDTH-1:0] tile_o;
  wire [SEQUENCE_WIDTH-1:0] sequence_o;

  hg_hidden_place #(
      .SEQUENCE_WIDTH(SEQUENCE_WIDTH),
      .LAST_SEQUENCE (LAST_SEQUENCE),
      .ROW_WIDTH     (ROW_WIDTH),
      .LAST_ROW      (LAST_ROW),
      .GROUP_WIDTH   (GROUP_WIDTH),
      .LAST_OF_GROUP (LAST_OF_GROUP),
      .UNIT_WIDTH    (UNIT_WIDTH),
      .TILE_WIDTH    (TILE_WIDTH),
      .LAYERS        (LAYERS),
      .LAYER_WIDTH   (LAYER_WIDTH),
      .LAST_UNITS    (LAST_UNITS),
      .TILE_BASES    (TILE_BASES),
      .BANK_TILES    (BANK_TILES)
  ) dut (
      .clk_i     (clk_i),
      .rst_i     (rst_i),
      .write_i   (write_i),
      .row_o     (row_o),
      .tile_o    (tile_o),
      .sequence_o(sequence_o)
  );

  // Of the h that is next: bank, layer, first unit of its group, place in the group, sequence.
  reg started = 1'b0;
  reg bank;
  reg [31:0] layer, group, place, number;

  wire [31:0] unit = group + place;
  wire [31:0] last_unit = (LAST_UNITS >> (layer * UNIT_WIDTH)) & ((32'd1 << UNIT_WIDTH) - 1);
  wire [31:0] base = ((TILE_BASES >> (layer * TILE_WIDTH)) & ((32'd1 << TILE_WIDTH) - 1)) + (bank ? BANK_TILES : 0);
  wire ends_sequence = place == LAST_OF_GROUP || unit == last_unit;
  wire ends_group = ends_sequence && number == LAST_SEQUENCE;
  wire ends_layer = ends_group && unit == last_unit;
  wire ends_step = ends_layer && layer == LAYERS - 1;

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) begin
      bank <= 1'b0;
      {layer, group, place, number} <= 128'd0;
    end else if (write_i) begin
      bank   <= bank ^ ends_step;
      layer  <= ends_step ? 0 : ends_layer ? layer + 1 : layer;
      group  <= ends_layer ? 0 : ends_group ? unit + 1 : group;
      place  <= ends_sequence ? 0 : place + 1;
      number <= ends_group ? 0 : ends_sequence ? number + 1 : number;
    end
  end

  (* hierconn *) wire \dut.bank_q ;
  (* hierconn *) wire [LAYER_WIDTH-1:0] \dut.layer_q ;
  (* hierconn *) wire [UNIT_WIDTH-1:0] \dut.unit_q ;
  (* hierconn *) wire [GROUP_WIDTH-1:0] \dut.place_q ;
  (* hierconn *) wire [UNIT_WIDTH-1:0] \dut.group_unit_q ;
  (* hierconn *) wire [ROW_WIDTH-1:0] \dut.group_row_q ;
  (* hierconn *) wire [TILE_WIDTH-1:0] \dut.group_tile_q ;

  always @(*) begin
    assume (started || rst_i);
    if (started) begin
      assert (sequence_o == number && number <= LAST_SEQUENCE);
      assert (row_o <= LAST_ROW && (tile_o - base) * ROWS + row_o == unit && tile_o >= base);
      // What the rest rests on.
      assert (layer < LAYERS && unit <= last_unit && place <= LAST_OF_GROUP);
      assert (\dut.bank_q == bank && \dut.layer_q == layer && \dut.unit_q == unit && \dut.place_q == place);
      assert (\dut.group_unit_q == group && \dut.group_row_q <= LAST_ROW && \dut.group_tile_q >= base);
      assert ((\dut.group_tile_q - base) * ROWS + \dut.group_row_q == group);
    end
  end

endmodule

`default_nettype wire
