// Output-stationary array of ROWS processing elements that share one activation per cycle. A word of the
// weight memory holds one weight of every row, row 0 in the lowest bits; words are used in order (hgi_tape.v
// says how restart_i, mark_i and back_i lead through them).
//
// read_i asks for the product of the next weights with the data_i two cycles later; end_i, instead of
// read_i, ends the sums, which drain_o then gives row by row: row 0 three cycles after end_i, the next
// after every shift_i.
`default_nettype none

module hgi_array #(
    parameter ROWS         = 4,
    parameter DATA_WIDTH   = 8,
    parameter ACC_WIDTH    = 20,
    parameter DEPTH        = 256,  // words of weights
    parameter ADDR_WIDTH   = 8,
    parameter WEIGHTS_FILE = ""
) (
    input  wire                         clk_i,
    input  wire                         rst_i,
    input  wire                         restart_i,
    input  wire                         mark_i,
    input  wire                         back_i,
    input  wire                         read_i,
    input  wire                         end_i,
    input  wire                         shift_i,
    input  wire signed [DATA_WIDTH-1:0] data_i,
    output wire                         loaded_o,  // drain_o gives row 0 from the next cycle on
    output wire signed [ ACC_WIDTH-1:0] drain_o
);

  reg [1:0] valid_q;
  reg [1:0] load_q;

  assign loaded_o = load_q[1];

  always @(posedge clk_i) begin
    if (rst_i) begin
      valid_q <= 2'b00;
      load_q  <= 2'b00;
    end else begin
      valid_q <= {valid_q[0], read_i};
      load_q  <= {load_q[0], end_i};
    end
  end

  // Activations come through one register more than weights, so these are read a cycle later.
  wire [8*ROWS-1:0] weights;

  hgi_tape #(
      .WIDTH     (8 * ROWS),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH),
      .INIT_FILE (WEIGHTS_FILE)
  ) u_weights (
      .clk_i    (clk_i),
      .restart_i(restart_i),
      .mark_i   (mark_i),
      .back_i   (back_i),
      .next_i   (valid_q[0]),
      .data_o   (weights)
  );

  wire [ACC_WIDTH*(ROWS+1)-1:0] chain;
  assign chain[ACC_WIDTH*ROWS+:ACC_WIDTH] = {ACC_WIDTH{1'b0}};
  assign drain_o = chain[ACC_WIDTH-1:0];

  genvar row;
  generate
    for (row = 0; row < ROWS; row = row + 1) begin : g_row
      hgi_pe #(
          .DATA_WIDTH(DATA_WIDTH),
          .ACC_WIDTH (ACC_WIDTH)
      ) u_pe (
          .clk_i   (clk_i),
          .valid_i (valid_q[1]),
          .load_i  (load_q[1] || rst_i),
          .shift_i (shift_i),
          .data_i  (data_i),
          .weight_i(weights[8*row+:8]),
          .chain_i (chain[ACC_WIDTH*(row+1)+:ACC_WIDTH]),
          .chain_o (chain[ACC_WIDTH*row+:ACC_WIDTH])
      );
    end
  endgenerate

endmodule

`default_nettype wire
