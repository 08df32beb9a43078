// What hg_tile_tags must do: from the cycle after a tile's arrival on it says once, in order, of every sequence what was
// said of the tile as it started; first_o with the first sequence. An invariant, by induction from reset.
//
// Assumed: a tile arrives after it has started, at the latest as the next one starts, and not before all sequences of
// the one before are through.
`default_nettype none

module hg_tile_tags_spec #(
    parameter                      TAG_WIDTH      = 8,
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15
) (
    input wire                 clk_i,
    input wire                 rst_i,
    input wire                 start_i,
    input wire [TAG_WIDTH-1:0] tag_i,
    input wire                 arrive_i
);

  wire valid_o;
  wire first_o;
  wire [SEQUENCE_WIDTH-1:0] sequence_o;
  wire [TAG_WIDTH-1:0] tag_o;

  hg_tile_tags #(
      .TAG_WIDTH     (TAG_WIDTH),
      .SEQUENCE_WIDTH(SEQUENCE_WIDTH),
      .LAST_SEQUENCE (LAST_SEQUENCE)
  ) dut (
      .clk_i     (clk_i),
      .rst_i     (rst_i),
      .start_i   (start_i),
      .tag_i     (tag_i),
      .arrive_i  (arrive_i),
      .valid_o   (valid_o),
      .first_o   (first_o),
      .sequence_o(sequence_o),
      .tag_o     (tag_o)
  );

  // The tile that has started and not arrived, the one that arrives, and the number of its sequence.
  reg started = 1'b0;
  reg underway, arrives;
  reg [TAG_WIDTH-1:0] next_tag, tag;
  reg [31:0] number;

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) begin
      underway <= 1'b0;
      arrives  <= 1'b0;
    end else begin
      underway <= start_i || (underway && !arrive_i);
      if (start_i) next_tag <= tag_i;
      if (arrive_i) begin
        arrives <= 1'b1;
        tag     <= next_tag;
        number  <= 0;
      end else if (arrives) begin
        arrives <= number != LAST_SEQUENCE;
        number  <= number + 1;
      end
    end
  end

  (* hierconn *) wire [TAG_WIDTH-1:0] \dut.next_q ;

  always @(*) begin
    assume (rst_i == !started);
    assume (rst_i || !arrive_i || underway);
    assume (rst_i || !start_i || !underway || arrive_i);
    assume (rst_i || !arrive_i || !arrives || number == LAST_SEQUENCE);
    if (started) begin
      assert (valid_o == arrives);
      assert (first_o == (arrives && number == 0));
      if (arrives) assert (sequence_o == number && tag_o == tag && number <= LAST_SEQUENCE);
      // What the rest rests on.
      if (underway) assert (\dut.next_q == next_tag);
    end
  end

endmodule

`default_nettype wire
