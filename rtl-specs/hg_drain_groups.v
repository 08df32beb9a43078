// What hg_drain_groups must do: a group drains from two cycles after close_i on, or right behind the one before it: for
// each sequence its outputs, one a cycle, each with where it is kept, its gate (number in the group mod 4), its row,
// and what was said of the group. Rows go on from group to group, and begin at 0 with a step's first job; every sequence
// of a group has the same ones. An invariant, by induction from reset.
//
// Assumed: a group is closed only while no other waits, or as one begins; its last output is one of the columns; and
// the first group is the first of the first job.
`default_nettype none

module hg_drain_groups_spec #(
    parameter                      SEQUENCE_WIDTH = 4,
    parameter [SEQUENCE_WIDTH-1:0] LAST_SEQUENCE  = 4'd15,
    parameter                      COLUMN_WIDTH   = 4,
    parameter [  COLUMN_WIDTH-1:0] LAST_COLUMN    = 4'd15,
    parameter                      BLOCK_WIDTH    = 1,
    parameter                      ROW_ADDR_WIDTH = 8,
    parameter                      LAYER_WIDTH    = 1
) (
    input wire                    clk_i,
    input wire                    rst_i,
    input wire                    close_i,
    input wire                    half_i,
    input wire [ BLOCK_WIDTH-1:0] last_block_i,
    input wire [COLUMN_WIDTH-1:0] last_column_i,
    input wire                    first_group_i,
    input wire                    last_group_i,
    input wire                    first_job_i,
    input wire                    head_i,
    input wire                    fresh_i,
    input wire [ LAYER_WIDTH-1:0] layer_i
);

  localparam COLUMNS = LAST_COLUMN + 1;

  wire valid_o, half_o, head_o, first_o, last_o, fresh_o, done_o;
  wire [BLOCK_WIDTH-1:0] block_o;
  wire [SEQUENCE_WIDTH-1:0] sequence_o;
  wire [COLUMN_WIDTH-1:0] column_o;
  wire [ROW_ADDR_WIDTH-1:0] row_addr_o;
  wire [1:0] gate_o;
  wire [LAYER_WIDTH-1:0] layer_o;

  hg_drain_groups #(
      .SEQUENCE_WIDTH(SEQUENCE_WIDTH),
      .LAST_SEQUENCE (LAST_SEQUENCE),
      .COLUMN_WIDTH  (COLUMN_WIDTH),
      .LAST_COLUMN   (LAST_COLUMN),
      .BLOCK_WIDTH   (BLOCK_WIDTH),
      .ROW_ADDR_WIDTH(ROW_ADDR_WIDTH),
      .LAYER_WIDTH   (LAYER_WIDTH)
  ) dut (
      .clk_i        (clk_i),
      .rst_i        (rst_i),
      .close_i      (close_i),
      .half_i       (half_i),
      .last_block_i (last_block_i),
      .last_column_i(last_column_i),
      .first_group_i(first_group_i),
      .last_group_i (last_group_i),
      .first_job_i  (first_job_i),
      .head_i       (head_i),
      .fresh_i      (fresh_i),
      .layer_i      (layer_i),
      .valid_o      (valid_o),
      .half_o       (half_o),
      .block_o      (block_o),
      .sequence_o   (sequence_o),
      .column_o     (column_o),
      .row_addr_o   (row_addr_o),
      .head_o       (head_o),
      .gate_o       (gate_o),
      .first_o      (first_o),
      .last_o       (last_o),
      .fresh_o      (fresh_o),
      .layer_o      (layer_o),
      .done_o       (done_o)
  );

  // The group that waits, and the one that drains: its number of outputs less one, and of them the one that drains.
  reg started = 1'b0;
  reg any, waits, drains;
  reg next_half, next_first, next_last, next_restarts, next_head, next_fresh;
  reg [LAYER_WIDTH-1:0] next_layer, layer;
  reg [BLOCK_WIDTH-1:0] next_block, last_block;
  reg [COLUMN_WIDTH-1:0] next_column, last_column;
  reg half, is_first, is_last, head, fresh;
  reg [31:0] sequence_number, number, base, next_base;

  wire [31:0] last_number = last_block * COLUMNS + last_column;
  wire ends = drains && number == last_number && sequence_number == LAST_SEQUENCE;
  wire begins = waits && (!drains || ends);

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) {any, waits, drains} <= 3'b000;
    else begin
      if (close_i) begin
        any <= 1'b1;
        {next_half, next_first, next_last} <= {half_i, first_group_i, last_group_i};
        {next_head, next_fresh, next_layer} <= {head_i, fresh_i, layer_i};
        next_restarts <= first_group_i && first_job_i;
        next_block  <= last_block_i;
        next_column <= last_column_i;
      end
      waits  <= close_i || (waits && !begins);
      drains <= begins || (drains && !ends);
      if (begins) begin
        {half, is_first, is_last, head, fresh, layer} <=
            {next_half, next_first, next_last, next_head, next_fresh, next_layer};
        last_block <= next_block;
        last_column <= next_column;
        number <= 0;
        sequence_number <= 0;
        base <= next_restarts ? 0 : drains ? base + last_number + 1 : next_base;
      end else if (ends) begin
        next_base <= base + last_number + 1;
      end else if (drains) begin
        number <= number == last_number ? 0 : number + 1;
        if (number == last_number) sequence_number <= sequence_number + 1;
      end
    end
  end

  wire [31:0] row = base + number;
  (* hierconn *) wire \dut.waits_q ;
  (* hierconn *) wire \dut.next_restarts_q ;
  (* hierconn *) wire \dut.begins_sequence_q ;
  (* hierconn *) wire [ROW_ADDR_WIDTH-1:0] \dut.row_base_q ;
  (* hierconn *) wire [LAYER_WIDTH+4+BLOCK_WIDTH+COLUMN_WIDTH:0] \dut.next_q ;
  (* hierconn *) wire [LAYER_WIDTH+4+BLOCK_WIDTH+COLUMN_WIDTH:0] \dut.tag_q ;

  always @(*) begin
    assume (rst_i == !started);
    assume (rst_i || !close_i || !waits || begins);
    assume (!close_i || last_column_i <= LAST_COLUMN);
    assume (!close_i || any || (first_group_i && first_job_i));
    if (started) begin
      assert (valid_o == drains && done_o == ends);
      if (drains) begin
        assert (block_o * COLUMNS + column_o == number && column_o <= LAST_COLUMN);
        assert (sequence_o == sequence_number);
        assert (gate_o == number[1:0]);
        assert (row_addr_o == row[ROW_ADDR_WIDTH-1:0]);
        assert (half_o == half && head_o == head && fresh_o == fresh && layer_o == layer);
        assert (first_o == (number == 0 && (head || (is_first && sequence_number == 0))));
        assert (last_o == (number == last_number && (head || (is_last && sequence_number == LAST_SEQUENCE))));
      end
      // What the rest rests on.
      assert (\dut.waits_q == waits);
      if (waits || drains) assert (any);
      if (any) assert (waits || drains || row_addr_o == next_base[ROW_ADDR_WIDTH-1:0]);
      if (any && !waits && !drains) assert (row_addr_o == next_base[ROW_ADDR_WIDTH-1:0]);
      if (waits && !drains && !next_restarts) assert (row_addr_o == next_base[ROW_ADDR_WIDTH-1:0]);
      if (waits) begin
        assert (\dut.next_restarts_q == next_restarts && next_column <= LAST_COLUMN);
        assert (\dut.next_q == {
            next_layer, next_half, next_first, next_last, next_head, next_fresh, next_block, next_column});
      end
      if (drains) begin
        assert (\dut.tag_q == {layer, half, is_first, is_last, head, fresh, last_block, last_column});
        assert (number <= last_number && sequence_number <= LAST_SEQUENCE && last_column <= LAST_COLUMN);
        assert (\dut.begins_sequence_q == (number == 0));
        assert (\dut.row_base_q == base[ROW_ADDR_WIDTH-1:0]);
      end
    end
  end

endmodule

`default_nettype wire
