// hg_drain where outputs take several sums of the array (planes), or folds several passes: row r drains
// r + 2 cycles after flush_i, and it is told where in its output and in which pass it stands.
//
// Sums are numbered by their place in a unit, gate by gate, plane by plane, or in a class; units go on
// from fold to fold. A pass after the first walks over the same outputs again. Everything about an output
// (row_addr_o, gate_o, first_o, last_o) counts in the row that completes it: plane_last_o, pass_last_o.
`default_nettype none

module hg_drain_planes #(
    parameter ROW_SELECT_WIDTH  = 4,  // selects one of the array's rows
    parameter ROW_ADDR_WIDTH    = 8,  // address in the row memory
    parameter LAYER_WIDTH       = 1,
    parameter JOBS              = 2,  // layers, and last the head
    parameter JOB_WIDTH         = 1,
    parameter PLACE_WIDTH       = 3,
    parameter [JOBS*PLACE_WIDTH-1:0] LAST_PLACES = 0,      // of a unit, or class; first job lowest
    parameter [(JOBS<<PLACE_WIDTH)-1:0] LAST_PLANES = 0,   // {job, place} completes an output
    parameter PASSES            = 1,
    parameter FACTOR_BY_SUM     = 0,  // one factor for each sum, else one for each {pass, job, place}
    parameter FACTOR_ADDR_WIDTH = 4,
    // Where a job runs over all steps before the next: its first word in the row memory, and among factors
    // by sum. Else words follow each other from job to job.
    parameter [JOBS*ROW_ADDR_WIDTH-1:0] ROW_BASES = 0,
    parameter [JOBS*FACTOR_ADDR_WIDTH-1:0] SUM_BASES = 0
) (
    input  wire                         clk_i,
    input  wire                         rst_i,
    input  wire                         flush_i,
    input  wire [ ROW_SELECT_WIDTH-1:0] flush_last_row_i,    // last used row of this fold
    input  wire                         flush_first_fold_i,  // of the job
    input  wire                         flush_last_fold_i,
    input  wire                         flush_first_job_i,   // of the step
    input  wire                         flush_first_pass_i,  // of the fold
    input  wire                         flush_last_pass_i,
    input  wire                         flush_head_i,
    input  wire                         flush_fresh_i,
    input  wire                         flush_bank_i,
    input  wire [      LAYER_WIDTH-1:0] flush_layer_i,
    output reg                          valid_o,
    output reg  [ ROW_SELECT_WIDTH-1:0] select_o,
    output wire [FACTOR_ADDR_WIDTH-1:0] factor_addr_o,
    output reg  [   ROW_ADDR_WIDTH-1:0] row_addr_o,
    output reg                          plane_first_o,
    output wire                         plane_last_o,
    output wire                         pass_first_o,
    output wire                         pass_last_o,
    output wire                         head_o,
    output reg  [                  1:0] gate_o,
    output reg                          first_o,
    output wire                         last_o,
    output wire                         fresh_o,
    output wire                         bank_o,
    output wire [      LAYER_WIDTH-1:0] layer_o
);

  localparam TAG_WIDTH = ROW_SELECT_WIDTH + 6 + LAYER_WIDTH;
  localparam STATE_WIDTH = PLACE_WIDTH + 4 + ROW_ADDR_WIDTH;
  localparam [31:0] HEAD = JOBS - 1;

  // A pass may end while the last row of the one before it still drains: its description waits a cycle.
  reg                 start_q;
  reg                 first_fold_q;
  reg                 first_job_q;
  reg [TAG_WIDTH-1:0] next_q;
  reg [TAG_WIDTH-1:0] tag_q;

  wire [ROW_SELECT_WIDTH-1:0] last_row = tag_q[TAG_WIDTH-1-:ROW_SELECT_WIDTH];
  wire                        last_fold = tag_q[0];
  wire                        at_last_row = select_o == last_row;
  wire                        next_first_pass = PASSES == 1 || next_q[4];

  assign head_o       = tag_q[1];
  assign fresh_o      = tag_q[2];
  assign bank_o       = tag_q[3];
  assign pass_first_o = PASSES == 1 || tag_q[4];
  assign pass_last_o  = PASSES == 1 || tag_q[5];
  assign layer_o      = tag_q[6+:LAYER_WIDTH];
  assign last_o       = last_fold && at_last_row && pass_last_o;

  reg  [PLACE_WIDTH-1:0] place_q;
  wire [ 31-LAYER_WIDTH:0] zeros = 0;
  wire [           31:0] job = head_o ? HEAD : {zeros, layer_o};
  wire                   at_last_place = place_q == LAST_PLACES[job[JOB_WIDTH-1:0]*PLACE_WIDTH+:PLACE_WIDTH];

  assign plane_last_o = LAST_PLANES[{job[JOB_WIDTH-1:0], place_q}];

  // Where the walk stands in the next cycle; a fold's first pass leaves its start to the others.
  reg  [STATE_WIDTH-1:0] state_d;
  reg  [STATE_WIDTH-1:0] start_state_q;
  wire [STATE_WIDTH-1:0] state = {row_addr_o, first_o, gate_o, plane_first_o, place_q};
  wire [           31:0] next_job = next_q[1] ? HEAD : {zeros, next_q[6+:LAYER_WIDTH]};
  wire [JOB_WIDTH-1:0] next = next_job[JOB_WIDTH-1:0];
  wire [STATE_WIDTH-1:0] job_start = {
    first_job_q ? ROW_BASES[next*ROW_ADDR_WIDTH+:ROW_ADDR_WIDTH] : state_after[STATE_WIDTH-1-:ROW_ADDR_WIDTH],
    1'b1,
    2'd0,
    1'b1,
    {PLACE_WIDTH{1'b0}}
  };
  wire [STATE_WIDTH-1:0] state_after = !valid_o ? state : {
    plane_last_o ? row_addr_o + 1'b1 : row_addr_o,
    plane_last_o ? 1'b0 : first_o,
    plane_last_o ? gate_o + 2'd1 : gate_o,
    plane_last_o,
    at_last_place ? {PLACE_WIDTH{1'b0}} : place_q + 1'b1
  };

  always @(*) begin
    state_d = state_after;
    if (start_q && !next_first_pass) state_d = start_state_q;
    else if (start_q && first_fold_q) state_d = job_start;
  end

  always @(posedge clk_i) begin
    start_q      <= flush_i && !rst_i;
    first_fold_q <= flush_first_fold_i;
    first_job_q  <= flush_first_job_i;
    next_q <= {
      flush_last_row_i,
      flush_layer_i,
      flush_last_pass_i,
      flush_first_pass_i,
      flush_bank_i,
      flush_fresh_i,
      flush_head_i,
      flush_last_fold_i
    };
    if (start_q) begin
      tag_q    <= next_q;
      select_o <= {ROW_SELECT_WIDTH{1'b0}};
    end else begin
      select_o <= select_o + 1'b1;
    end

    if (rst_i) valid_o <= 1'b0;
    else if (start_q) valid_o <= 1'b1;
    else if (at_last_row) valid_o <= 1'b0;

    {row_addr_o, first_o, gate_o, plane_first_o, place_q} <= state_d;
    if (start_q && next_first_pass) start_state_q <= state_d;
  end

  generate
    if (FACTOR_BY_SUM != 0) begin : g_by_sum
      reg [FACTOR_ADDR_WIDTH-1:0] sum_q;
      always @(posedge clk_i) begin
        if (start_q && first_fold_q && first_job_q && next_first_pass)
          sum_q <= SUM_BASES[next*FACTOR_ADDR_WIDTH+:FACTOR_ADDR_WIDTH];
        else if (valid_o) sum_q <= sum_q + 1'b1;
      end
      assign factor_addr_o = sum_q;
    end else if (PASSES > 1) begin : g_by_pass
      assign factor_addr_o = {!pass_first_o, job[JOB_WIDTH-1:0], place_q};
      wire unused_bases = &SUM_BASES;
    end else begin : g_by_place
      assign factor_addr_o = {job[JOB_WIDTH-1:0], place_q};
      wire unused_bases = &SUM_BASES;
    end
  endgenerate

  wire unused = &{job[31:JOB_WIDTH], next_job[31:JOB_WIDTH]};

endmodule

`default_nettype wire
