// What hg_drain must do: row r of the array drains r + 2 cycles after flush, with the number of its output in the job
// (gate = number mod 4; first: number 0), its word in the row memory, and what the flush said of it. Numbers go on from
// fold to fold, words from job to job too, unless jobs begin at words of their own. An invariant, by induction from
// reset.
//
// Assumed: folds end at least as many cycles apart as the earlier one has rows, and the first fold is the first of the
// first job.
`default_nettype none

module hg_drain_spec #(
    parameter ROW_SELECT_WIDTH = 4,
    parameter ROW_ADDR_WIDTH   = 8,
    parameter LAYER_WIDTH      = 1,
    parameter JOBS             = 1,
    parameter [JOBS*ROW_ADDR_WIDTH-1:0] ROW_BASES = 0
) (
    input wire                        clk_i,
    input wire                        rst_i,
    input wire                        flush_i,
    input wire [ROW_SELECT_WIDTH-1:0] flush_last_row_i,
    input wire                        flush_first_fold_i,
    input wire                        flush_last_fold_i,
    input wire                        flush_first_job_i,
    input wire                        flush_head_i,
    input wire                        flush_fresh_i,
    input wire                        flush_bank_i,
    input wire [     LAYER_WIDTH-1:0] flush_layer_i
);

  wire valid_o;
  wire [ROW_SELECT_WIDTH-1:0] select_o;
  wire [ROW_ADDR_WIDTH-1:0] row_addr_o;
  wire head_o;
  wire [1:0] gate_o;
  wire first_o;
  wire last_o;
  wire fresh_o;
  wire bank_o;
  wire [LAYER_WIDTH-1:0] layer_o;

  hg_drain #(
      .ROW_SELECT_WIDTH(ROW_SELECT_WIDTH),
      .ROW_ADDR_WIDTH  (ROW_ADDR_WIDTH),
      .LAYER_WIDTH     (LAYER_WIDTH),
      .JOBS            (JOBS),
      .ROW_BASES       (ROW_BASES)
  ) dut (
      .clk_i             (clk_i),
      .rst_i             (rst_i),
      .flush_i           (flush_i),
      .flush_last_row_i  (flush_last_row_i),
      .flush_first_fold_i(flush_first_fold_i),
      .flush_last_fold_i (flush_last_fold_i),
      .flush_first_job_i (flush_first_job_i),
      .flush_head_i      (flush_head_i),
      .flush_fresh_i     (flush_fresh_i),
      .flush_bank_i      (flush_bank_i),
      .flush_layer_i     (flush_layer_i),
      .valid_o           (valid_o),
      .select_o          (select_o),
      .row_addr_o        (row_addr_o),
      .head_o            (head_o),
      .gate_o            (gate_o),
      .first_o           (first_o),
      .last_o            (last_o),
      .fresh_o           (fresh_o),
      .bank_o            (bank_o),
      .layer_o           (layer_o)
  );

  // The fold that was flushed a cycle ago.
  reg started = 1'b0;
  reg any_flush;
  reg flushed;
  reg new_job, new_words, new_last_fold, new_head, new_fresh, new_bank;
  reg [31:0] new_last_row;
  reg [LAYER_WIDTH-1:0] new_layer;
  // Cycles until the next one may be.
  reg [31:0] busy;
  // The fold that drains, or drained last: which row, which output of the job, which word.
  reg any;
  reg drains;
  reg [31:0] row, last_row, number, word;
  reg last_fold, head, fresh, bank;
  reg [LAYER_WIDTH-1:0] layer;

  wire [31:0] job = new_head ? JOBS - 1 : new_layer;
  wire [31:0] base = (ROW_BASES >> (job * ROW_ADDR_WIDTH)) & ((64'd1 << ROW_ADDR_WIDTH) - 64'd1);

  always @(posedge clk_i) begin
    started <= 1'b1;
    flushed <= flush_i && !rst_i;
    {new_job, new_words, new_last_fold} <= {flush_first_fold_i, flush_first_job_i, flush_last_fold_i};
    {new_head, new_fresh, new_bank, new_layer} <= {flush_head_i, flush_fresh_i, flush_bank_i, flush_layer_i};
    new_last_row <= flush_last_row_i;
    if (rst_i) begin
      {any_flush, any, drains} <= 3'b000;
      busy <= 0;
    end else begin
      if (flush_i) any_flush <= 1'b1;
      busy <= flush_i ? flush_last_row_i : busy > 0 ? busy - 1 : 0;
      if (flushed) begin
        any <= 1'b1;
        drains <= 1'b1;
        row <= 0;
        last_row <= new_last_row;
        {last_fold, head, fresh, bank, layer} <= {new_last_fold, new_head, new_fresh, new_bank, new_layer};
        number <= new_job ? 0 : number + 1;
        word <= new_job && new_words ? base : word + 1;
      end else if (drains && row == last_row) drains <= 1'b0;
      else if (drains) begin
        row <= row + 1;
        number <= number + 1;
        word <= word + 1;
      end
    end
  end

  // Between folds the unit already stands at the next output.
  wire [31:0] stands = drains ? number : number + 1;
  wire [31:0] at_word = drains ? word : word + 1;
  (* hierconn *) wire [ROW_SELECT_WIDTH+3+LAYER_WIDTH:0] \dut.tag_q ;
  wire [ROW_SELECT_WIDTH-1:0] tag_last_row = \dut.tag_q >> (4 + LAYER_WIDTH);

  always @(*) begin
    assume (rst_i == !started);
    assume (!flush_i || busy == 0);
    assume (!flush_i || any_flush || (flush_first_fold_i && flush_first_job_i));
    assume (JOBS == 1 || flush_head_i || flush_layer_i < JOBS - 1);
    // No job has so many outputs.
    assume (number < 32'h7fffffff);
    if (started) begin
      assert (valid_o == drains);
      if (drains) begin
        assert (select_o == row);
        assert (last_o == (last_fold && row == last_row));
      end
      if (any) begin
        assert (gate_o == stands[1:0]);
        assert (first_o == (stands == 0));
        assert (row_addr_o == at_word[ROW_ADDR_WIDTH-1:0]);
        assert (head_o == head && fresh_o == fresh && bank_o == bank && layer_o == layer);
        assert (tag_last_row == last_row && \dut.tag_q [0] == last_fold);
      end
      // What the rest rests on.
      if (drains) assert (any && row <= last_row);
      if (any || flushed) assert (any_flush);
      if (any_flush) assert (any || flushed);
      if (flushed) assert (busy == new_last_row && (!drains || row == last_row));
      if (flushed && !any) assert (new_job && new_words);
      if (drains && !flushed) assert (busy == (row < last_row ? last_row - row - 1 : 0));
      if (!drains && !flushed) assert (busy == 0);
    end
  end

endmodule

`default_nettype wire
