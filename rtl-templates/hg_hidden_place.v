// Where the next h goes in a weight-stationary array: unit n of a layer belongs to row n mod ROWS, tile n / ROWS.
// Units come group by group, and of each group sequence by sequence; layer follows layer, and step follows step in
// the other bank.
`default_nettype none

module hg_hidden_place #(
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15,
    parameter                      ROW_WIDTH      = 4,
    parameter [     ROW_WIDTH-1:0] LAST_ROW       = 4'd15,
    parameter                      GROUP_WIDTH    = 2,
    parameter [   GROUP_WIDTH-1:0] LAST_OF_GROUP  = 2'd3,   // units of a group, less one
    parameter                      UNIT_WIDTH     = 5,
    parameter                      TILE_WIDTH     = 3,
    parameter                      LAYERS         = 1,
    parameter                      LAYER_WIDTH    = 1,
    parameter [LAYERS*UNIT_WIDTH-1:0] LAST_UNITS  = 0,      // of each layer
    parameter [LAYERS*TILE_WIDTH-1:0] TILE_BASES  = 0,      // first tile of each layer, in bank 0
    parameter [   TILE_WIDTH-1:0]     BANK_TILES  = 4       // from bank 0 to bank 1
) (
    input  wire                      clk_i,
    input  wire                      rst_i,
    input  wire                      write_i,
    output reg  [     ROW_WIDTH-1:0] row_o,
    output reg  [    TILE_WIDTH-1:0] tile_o,
    output reg  [SEQUENCE_WIDTH-1:0] sequence_o
);

  localparam [31:0] LAST_LAYER_NUMBER = LAYERS - 1;
  localparam [LAYER_WIDTH-1:0] LAST_LAYER = LAST_LAYER_NUMBER[LAYER_WIDTH-1:0];

  reg                   bank_q;
  reg [LAYER_WIDTH-1:0] layer_q;
  reg [ UNIT_WIDTH-1:0] unit_q;
  reg [GROUP_WIDTH-1:0] place_q;  // in the group
  // The group's first unit, where every sequence begins.
  reg [ UNIT_WIDTH-1:0] group_unit_q;
  reg [  ROW_WIDTH-1:0] group_row_q;
  reg [ TILE_WIDTH-1:0] group_tile_q;

  wire at_last_unit = unit_q == LAST_UNITS[layer_q*UNIT_WIDTH+:UNIT_WIDTH];
  wire ends_sequence = at_last_unit || place_q == LAST_OF_GROUP;
  wire ends_group = ends_sequence && sequence_o == LAST_SEQUENCE;
  wire ends_layer = ends_group && at_last_unit;
  wire ends_step = ends_layer && layer_q == LAST_LAYER;

  wire                   next_bank = bank_q ^ ends_step;
  wire [LAYER_WIDTH-1:0] next_layer =
      ends_step ? {LAYER_WIDTH{1'b0}} : ends_layer ? layer_q + 1'b1 : layer_q;
  wire [ TILE_WIDTH-1:0] layer_tile = TILE_BASES[next_layer*TILE_WIDTH+:TILE_WIDTH] +
      (next_bank ? BANK_TILES : {TILE_WIDTH{1'b0}});

  // The unit behind this one.
  wire                  at_last_row = row_o == LAST_ROW;
  wire [UNIT_WIDTH-1:0] next_unit = ends_layer ? {UNIT_WIDTH{1'b0}} : unit_q + 1'b1;
  wire [ ROW_WIDTH-1:0] next_row =
      ends_layer || at_last_row ? {ROW_WIDTH{1'b0}} : row_o + 1'b1;
  wire [TILE_WIDTH-1:0] next_tile = ends_layer ? layer_tile : at_last_row ? tile_o + 1'b1 : tile_o;

  // The same sequence, or the next one from the group's first unit on.
  wire returns = ends_sequence && !ends_group;

  always @(posedge clk_i) begin
    if (rst_i) begin
      bank_q       <= 1'b0;
      layer_q      <= {LAYER_WIDTH{1'b0}};
      unit_q       <= {UNIT_WIDTH{1'b0}};
      place_q      <= {GROUP_WIDTH{1'b0}};
      row_o        <= {ROW_WIDTH{1'b0}};
      tile_o       <= TILE_BASES[TILE_WIDTH-1:0];
      sequence_o   <= {SEQUENCE_WIDTH{1'b0}};
      group_unit_q <= {UNIT_WIDTH{1'b0}};
      group_row_q  <= {ROW_WIDTH{1'b0}};
      group_tile_q <= TILE_BASES[TILE_WIDTH-1:0];
    end else if (write_i) begin
      bank_q  <= next_bank;
      layer_q <= next_layer;
      unit_q  <= returns ? group_unit_q : next_unit;
      row_o   <= returns ? group_row_q : next_row;
      tile_o  <= returns ? group_tile_q : next_tile;
      place_q <= ends_sequence ? {GROUP_WIDTH{1'b0}} : place_q + 1'b1;
      if (ends_group) begin
        sequence_o   <= {SEQUENCE_WIDTH{1'b0}};
        group_unit_q <= next_unit;
        group_row_q  <= next_row;
        group_tile_q <= next_tile;
      end else if (ends_sequence) begin
        sequence_o <= sequence_o + 1'b1;
      end
    end
  end

endmodule

`default_nettype wire
