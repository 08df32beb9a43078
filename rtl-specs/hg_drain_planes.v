// What hg_drain_planes must do: row r of the array drains r + 2 cycles after flush, and it is told which output of the job
// it belongs to (gate = number mod 4; first: number 0), the output's word in the row memory, whether it is the output's
// first or last plane, and the address of its factor.
//
// A row has a place among the sums of a unit (or class); a plane that LAST_PLANES names completes its output, and behind
// LAST_PLACES begins the next unit. Rows go on from fold to fold; a pass after the first begins where the fold began. An
// invariant, by induction from reset.
//
// Assumed: passes end at least as many cycles apart as the earlier one has rows, and the first is the first of the first
// fold of the first job.
`default_nettype none

module hg_drain_planes_spec #(
    parameter ROW_SELECT_WIDTH  = 4,
    parameter ROW_ADDR_WIDTH    = 8,
    parameter LAYER_WIDTH       = 1,
    parameter JOBS              = 2,
    parameter JOB_WIDTH         = 1,
    parameter PLACE_WIDTH       = 3,
    parameter [JOBS*PLACE_WIDTH-1:0] LAST_PLACES = 0,
    parameter [(JOBS<<PLACE_WIDTH)-1:0] LAST_PLANES = 0,
    parameter PASSES            = 1,
    parameter FACTOR_BY_SUM     = 0,
    parameter FACTOR_ADDR_WIDTH = 4,
    parameter [JOBS*ROW_ADDR_WIDTH-1:0] ROW_BASES = 0,
    parameter [JOBS*FACTOR_ADDR_WIDTH-1:0] SUM_BASES = 0
) (
    input wire                        clk_i,
    input wire                        rst_i,
    input wire                        flush_i,
    input wire [ROW_SELECT_WIDTH-1:0] flush_last_row_i,
    input wire                        flush_first_fold_i,
    input wire                        flush_last_fold_i,
    input wire                        flush_first_job_i,
    input wire                        flush_first_pass_i,
    input wire                        flush_last_pass_i,
    input wire                        flush_head_i,
    input wire                        flush_fresh_i,
    input wire                        flush_bank_i,
    input wire [     LAYER_WIDTH-1:0] flush_layer_i
);

  wire valid_o;
  wire [ROW_SELECT_WIDTH-1:0] select_o;
  wire [FACTOR_ADDR_WIDTH-1:0] factor_addr_o;
  wire [ROW_ADDR_WIDTH-1:0] row_addr_o;
  wire plane_first_o, plane_last_o, pass_first_o, pass_last_o;
  wire head_o;
  wire [1:0] gate_o;
  wire first_o, last_o, fresh_o, bank_o;
  wire [LAYER_WIDTH-1:0] layer_o;

  hg_drain_planes #(
      .ROW_SELECT_WIDTH (ROW_SELECT_WIDTH),
      .ROW_ADDR_WIDTH   (ROW_ADDR_WIDTH),
      .LAYER_WIDTH      (LAYER_WIDTH),
      .JOBS             (JOBS),
      .JOB_WIDTH        (JOB_WIDTH),
      .PLACE_WIDTH      (PLACE_WIDTH),
      .LAST_PLACES      (LAST_PLACES),
      .LAST_PLANES      (LAST_PLANES),
      .PASSES           (PASSES),
      .FACTOR_BY_SUM    (FACTOR_BY_SUM),
      .FACTOR_ADDR_WIDTH(FACTOR_ADDR_WIDTH),
      .ROW_BASES        (ROW_BASES),
      .SUM_BASES        (SUM_BASES)
  ) dut (
      .clk_i             (clk_i),
      .rst_i             (rst_i),
      .flush_i           (flush_i),
      .flush_last_row_i  (flush_last_row_i),
      .flush_first_fold_i(flush_first_fold_i),
      .flush_last_fold_i (flush_last_fold_i),
      .flush_first_job_i (flush_first_job_i),
      .flush_first_pass_i(flush_first_pass_i),
      .flush_last_pass_i (flush_last_pass_i),
      .flush_head_i      (flush_head_i),
      .flush_fresh_i     (flush_fresh_i),
      .flush_bank_i      (flush_bank_i),
      .flush_layer_i     (flush_layer_i),
      .valid_o           (valid_o),
      .select_o          (select_o),
      .factor_addr_o     (factor_addr_o),
      .row_addr_o        (row_addr_o),
      .plane_first_o     (plane_first_o),
      .plane_last_o      (plane_last_o),
      .pass_first_o      (pass_first_o),
      .pass_last_o       (pass_last_o),
      .head_o            (head_o),
      .gate_o            (gate_o),
      .first_o           (first_o),
      .last_o            (last_o),
      .fresh_o           (fresh_o),
      .bank_o            (bank_o),
      .layer_o           (layer_o)
  );

  // The pass that was flushed a cycle ago.
  reg started = 1'b0;
  reg any_flush;
  reg flushed;
  reg new_job, new_words, new_last_fold, new_first_pass, new_last_pass, new_head, new_fresh, new_bank;
  reg [31:0] new_last_row;
  reg [LAYER_WIDTH-1:0] new_layer;
  // Cycles until the next one may be.
  reg [31:0] busy;
  // The pass that drains, or drained last.
  reg any;
  reg drains;
  reg [31:0] row, last_row;
  reg last_fold, first_pass, last_pass, head, fresh, bank;
  reg [LAYER_WIDTH-1:0] layer;
  // The row that drains; behind a pass, the row that would follow: output of the job, its word, plane of the output,
  // place among the sums of a unit, sums so far. And where the fold began.
  reg [31:0] number, word, plane, sum;
  reg [31:0] fold_number, fold_word, fold_plane;
  reg [PLACE_WIDTH-1:0] place, fold_place;

  wire [31:0] job = head ? JOBS - 1 : layer;
  wire [31:0] next_job = new_head ? JOBS - 1 : new_layer;
  wire [31:0] words_begin = (ROW_BASES >> (next_job * ROW_ADDR_WIDTH)) & ((64'd1 << ROW_ADDR_WIDTH) - 64'd1);
  wire [31:0] sums_begin = (SUM_BASES >> (next_job * FACTOR_ADDR_WIDTH)) & ((64'd1 << FACTOR_ADDR_WIDTH) - 64'd1);
  wire [PLACE_WIDTH-1:0] last_place = LAST_PLACES >> (job * PLACE_WIDTH);
  wire completes = LAST_PLANES >> ((job << PLACE_WIDTH) + place);

  // Behind this row.
  reg [31:0] after_number, after_word, after_plane;
  reg [PLACE_WIDTH-1:0] after_place;

  always @(*) begin
    {after_number, after_word, after_plane, after_place} = {number, word, plane, place};
    if (drains) begin
      after_number = number + completes;
      after_word = word + completes;
      after_plane = completes ? 0 : plane + 1;
      after_place = place == last_place ? 0 : place + 1;
    end
    if (flushed && !new_first_pass) begin
      {after_number, after_word} = {fold_number, fold_word};
      {after_plane, after_place} = {fold_plane, fold_place};
    end else if (flushed && new_job) begin
      after_number = 0;
      if (new_words) after_word = words_begin;
      after_plane = 0;
      after_place = 0;
    end
  end

  always @(posedge clk_i) begin
    started <= 1'b1;
    flushed <= flush_i && !rst_i;
    {new_job, new_words, new_last_fold} <= {flush_first_fold_i, flush_first_job_i, flush_last_fold_i};
    new_first_pass <= PASSES == 1 || flush_first_pass_i;
    new_last_pass <= PASSES == 1 || flush_last_pass_i;
    {new_head, new_fresh, new_bank, new_layer} <= {flush_head_i, flush_fresh_i, flush_bank_i, flush_layer_i};
    new_last_row <= flush_last_row_i;
    if (rst_i) begin
      {any_flush, any, drains} <= 3'b000;
      busy <= 0;
    end else begin
      if (flush_i) any_flush <= 1'b1;
      busy <= flush_i ? flush_last_row_i : busy > 0 ? busy - 1 : 0;
      {number, word, plane, place} <= {after_number, after_word, after_plane, after_place};
      if (flushed && new_job && new_words && new_first_pass) sum <= sums_begin;
      else if (drains) sum <= sum + 1;
      if (flushed) begin
        any <= 1'b1;
        drains <= 1'b1;
        row <= 0;
        last_row <= new_last_row;
        {last_fold, head, fresh, bank, layer} <= {new_last_fold, new_head, new_fresh, new_bank, new_layer};
        {first_pass, last_pass} <= {new_first_pass, new_last_pass};
        if (new_first_pass) begin
          {fold_number, fold_word} <= {after_number, after_word};
          {fold_plane, fold_place} <= {after_plane, after_place};
        end
      end else if (drains && row == last_row) drains <= 1'b0;
      else if (drains) row <= row + 1;
    end
  end

  wire [31:0] by_place = ((((PASSES > 1 && !first_pass) << JOB_WIDTH) + job) << PLACE_WIDTH) + place;
  wire [31:0] factor_addr = FACTOR_BY_SUM != 0 ? sum : by_place;
  (* hierconn *) wire [ROW_SELECT_WIDTH+5+LAYER_WIDTH:0] \dut.tag_q ;
  (* hierconn *) wire [PLACE_WIDTH+3+ROW_ADDR_WIDTH:0] \dut.start_state_q ;
  (* hierconn *) wire [PLACE_WIDTH-1:0] \dut.place_q ;
  wire [ROW_SELECT_WIDTH-1:0] tag_last_row = \dut.tag_q >> (6 + LAYER_WIDTH);

  always @(*) begin
    assume (rst_i == !started);
    assume (!flush_i || busy == 0);
    assume (!flush_i || any_flush || (flush_first_fold_i && flush_first_job_i && flush_first_pass_i));
    assume (flush_head_i || flush_layer_i < JOBS - 1);
    // No job has so many outputs, no output so many planes.
    assume (number < 32'h7fffffff && plane < 32'h7fffffff);
    if (started) begin
      assert (valid_o == drains);
      if (drains) begin
        assert (select_o == row);
        assert (last_o == (last_fold && row == last_row && last_pass));
        assert (plane_last_o == completes);
      end
      if (any) begin
        assert (gate_o == number[1:0] && first_o == (number == 0));
        assert (row_addr_o == word[ROW_ADDR_WIDTH-1:0]);
        assert (plane_first_o == (plane == 0));
        assert (pass_first_o == first_pass && pass_last_o == last_pass);
        assert (factor_addr_o == factor_addr[FACTOR_ADDR_WIDTH-1:0]);
        assert (head_o == head && fresh_o == fresh && bank_o == bank && layer_o == layer);
        // What the rest rests on.
        assert (tag_last_row == last_row && \dut.tag_q [0] == last_fold);
        assert (\dut.place_q == place);
        assert (\dut.start_state_q == {
          fold_word[ROW_ADDR_WIDTH-1:0], fold_number == 0, fold_number[1:0], fold_plane == 0, fold_place
        });
        assert (fold_number < 32'h7fffffff && fold_plane < 32'h7fffffff);
        assert (PASSES > 1 || (first_pass && last_pass));
      end
      if (drains) assert (any && row <= last_row);
      if (any || flushed) assert (any_flush);
      if (any_flush) assert (any || flushed);
      if (flushed) assert (busy == new_last_row && (!drains || row == last_row));
      if (flushed && !any) assert (new_job && new_words && new_first_pass);
      if (drains && !flushed) assert (busy == (row < last_row ? last_row - row - 1 : 0));
      if (!drains && !flushed) assert (busy == 0);
    end
  end

endmodule

`default_nettype wire
