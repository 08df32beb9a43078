// What hg_weight_stream must do (AXI4-Stream slave): beats before the first with tuser are dropped; of those that follow
// none is lost, made up or taken twice: each is written with its own data, group by group, line by line, one half after
// the other. A half is written only when no row can still be reading it, and read only when it holds a block; tlast ends a
// block. Ready means a free half, and depends on nothing that is offered, but for the parts of a beat of several lines.
// An invariant, by induction from reset.
//
// The reader is assumed to take when something is there, and to end steps in other cycles; the source to keep what it offers.
`default_nettype none

module hg_weight_stream_spec #(
    parameter                   PORT_WIDTH    = 32,
    parameter                   ITEM_WIDTH    = 8,
    parameter                   ITEMS         = 4,
    parameter                   ITEM_BEATS    = 1,
    parameter                   BEAT_LINES    = 1,
    parameter                   GROUP_WIDTH   = 2,
    parameter [GROUP_WIDTH-1:0] LAST_GROUP    = 2'd3,
    parameter                   PART_WIDTH    = 1,
    parameter [ PART_WIDTH-1:0] LAST_PART     = 1'd0,
    parameter                   LINE_WIDTH    = 5,
    parameter                   PLACE_WIDTH   = 3,
    parameter [PLACE_WIDTH-1:0] LAST_PLACE    = 3'd4,
    parameter                   RELEASE_DELAY = 15
) (
    input wire                  clk_i,
    input wire                  rst_i,
    input wire                  s_axis_weights_tvalid,
    input wire [PORT_WIDTH-1:0] s_axis_weights_tdata,
    input wire                  s_axis_weights_tuser,
    input wire                  s_axis_weights_tlast,
    input wire                  take_i,
    input wire                  line_end_i,
    input wire                  step_end_i
);

  wire s_axis_weights_tready, write_o, ready_o;
  wire [GROUP_WIDTH-1:0] write_group_o;
  wire [LINE_WIDTH:0] write_line_o;
  wire [ITEMS*ITEM_WIDTH-1:0] write_data_o;
  wire [PLACE_WIDTH+LINE_WIDTH+1:0] read_addr_o;

  hg_weight_stream #(
      .PORT_WIDTH   (PORT_WIDTH),
      .ITEM_WIDTH   (ITEM_WIDTH),
      .ITEMS        (ITEMS),
      .ITEM_BEATS   (ITEM_BEATS),
      .BEAT_LINES   (BEAT_LINES),
      .GROUP_WIDTH  (GROUP_WIDTH),
      .LAST_GROUP   (LAST_GROUP),
      .PART_WIDTH   (PART_WIDTH),
      .LAST_PART    (LAST_PART),
      .LINE_WIDTH   (LINE_WIDTH),
      .PLACE_WIDTH  (PLACE_WIDTH),
      .LAST_PLACE   (LAST_PLACE),
      .RELEASE_DELAY(RELEASE_DELAY)
  ) dut (
      .clk_i                (clk_i),
      .rst_i                (rst_i),
      .s_axis_weights_tvalid(s_axis_weights_tvalid),
      .s_axis_weights_tready(s_axis_weights_tready),
      .s_axis_weights_tdata (s_axis_weights_tdata),
      .s_axis_weights_tuser (s_axis_weights_tuser),
      .s_axis_weights_tlast (s_axis_weights_tlast),
      .write_o              (write_o),
      .write_group_o        (write_group_o),
      .write_line_o         (write_line_o),
      .write_data_o         (write_data_o),
      .ready_o              (ready_o),
      .take_i               (take_i),
      .line_end_i           (line_end_i),
      .step_end_i           (step_end_i),
      .read_addr_o          (read_addr_o)
  );

  localparam LINES = 1 << LINE_WIDTH;
  localparam SAFE = RELEASE_DELAY + 2;  // cycles after its last take in which a half may be written

  wire taken = s_axis_weights_tvalid && s_axis_weights_tready;
  wire read_half = read_addr_o[LINE_WIDTH];
  wire [LINE_WIDTH-1:0] read_line = read_addr_o[LINE_WIDTH-1:0];
  wire [PLACE_WIDTH-1:0] read_place = read_addr_o[LINE_WIDTH+1+:PLACE_WIDTH];

  // The stream as it was taken: where in an image, and what of it has been written.
  reg started = 1'b0;
  reg in_image;
  integer part, group, line;
  reg fill_half;
  reg [ITEM_BEATS*PORT_WIDTH-1:0] beats;  // of an item
  // Blocks in either half: filled, and their half not yet free; and the last of an image.
  integer filled, leaving;
  reg [1:0] final_block;
  // Cycles since each half was read, up to SAFE.
  integer since[0:1];

  wire wanted = in_image || s_axis_weights_tuser;
  wire room = filled + leaving < 2;
  wire at_work = s_axis_weights_tvalid && wanted && room;
  wire last_part = part == LAST_PART;
  wire writing = at_work && (BEAT_LINES > 1 || last_part);
  wire image_end = taken && wanted && s_axis_weights_tlast;
  wire line_end = writing && group == LAST_GROUP;
  wire block_end = image_end || (line_end && line == LINES - 1);

  // What is given back: a block whose last line was read, or whatever a step leaves.
  reg drops;
  wire ends_line = take_i && (line_end_i || read_place == LAST_PLACE);
  wire dropped = (step_end_i || drops) && filled > 0;
  wire left = ends_line && read_line == LINES - 1 && !final_block[read_half];
  (* hierconn *) wire \dut.freed ;

  // The write that follows.
  reg was_writing;
  reg [GROUP_WIDTH-1:0] was_group;
  reg [LINE_WIDTH:0] was_line;
  reg [PORT_WIDTH-1:0] was_data;
  integer was_part;
  integer n;

  always @(posedge clk_i) begin
    started <= 1'b1;
    was_writing <= writing && !rst_i;
    was_group <= group;
    was_line <= {fill_half, line[LINE_WIDTH-1:0]};
    was_data <= s_axis_weights_tdata;
    was_part <= part;
    if (at_work && ITEM_BEATS > 1) beats[part*PORT_WIDTH+:PORT_WIDTH] <= s_axis_weights_tdata;
    if (rst_i) begin
      in_image <= 1'b0;
      part <= 0;
      group <= 0;
      line <= 0;
      fill_half <= 1'b0;
      filled <= 0;
      leaving <= 0;
      drops <= 1'b0;
      since[0] <= SAFE;
      since[1] <= SAFE;
    end else begin
      if (taken && wanted) in_image <= !s_axis_weights_tlast;
      if (BEAT_LINES > 1 ? s_axis_weights_tvalid && room : at_work) part <= last_part ? 0 : part + 1;
      if (writing) group <= group == LAST_GROUP ? 0 : group + 1;
      if (line_end) line <= line + 1;
      if (block_end) begin
        fill_half <= !fill_half;
        final_block[fill_half] <= image_end;
        line <= 0;
      end
      if (image_end) begin
        part <= 0;
        group <= 0;
      end
      filled <= filled + block_end - (dropped || left);
      leaving <= leaving + (dropped || left) - \dut.freed ;
      drops <= (step_end_i || drops) && !(dropped && final_block[read_half]);
      for (n = 0; n < 2; n = n + 1) begin
        if (take_i && read_half == n) since[n] <= 1;
        else if (since[n] < SAFE) since[n] <= since[n] + 1;
      end
    end
  end

  // What was offered a cycle ago and not taken.
  reg waits, waits_user, waits_last;
  reg [PORT_WIDTH-1:0] waits_data;

  always @(posedge clk_i) begin
    waits <= s_axis_weights_tvalid && !s_axis_weights_tready && !rst_i;
    {waits_user, waits_last, waits_data} <= {s_axis_weights_tuser, s_axis_weights_tlast, s_axis_weights_tdata};
  end

  (* hierconn *) wire [1:0] \dut.valid_q ;
  (* hierconn *) wire [1:0] \dut.busy_q ;
  (* hierconn *) wire [1:0] \dut.final_q ;
  (* hierconn *) wire \dut.in_image_q ;
  (* hierconn *) wire \dut.fill_half_q ;
  (* hierconn *) wire [LINE_WIDTH-1:0] \dut.fill_line_q ;
  (* hierconn *) wire [GROUP_WIDTH-1:0] \dut.group_q ;
  (* hierconn *) wire [PART_WIDTH-1:0] \dut.part_q ;
  (* hierconn *) wire \dut.drops_q ;
  (* hierconn *) wire \dut.free_half_q ;
  wire free_half = \dut.free_half_q ;
  wire [1:0] oldest = 2'b01 << free_half;
  wire [1:0] next = 2'b01 << read_half;

  always @(*) begin
    assume (started || rst_i);
    assume (!take_i || ready_o);
    assume (!take_i || !step_end_i);
    if (started && waits) begin
      assume (s_axis_weights_tvalid && s_axis_weights_tdata == waits_data);
      assume (s_axis_weights_tuser == waits_user && s_axis_weights_tlast == waits_last);
    end
    if (started) begin
      assert (filled >= 0 && leaving >= 0 && filled + leaving <= 2);
      assert (part >= 0 && part <= LAST_PART && group >= 0 && group <= LAST_GROUP && line >= 0 && line < LINES);
      // Ready, and what is there.
      assert (s_axis_weights_tready == (room && (BEAT_LINES == 1 || last_part)));
      assert (ready_o == (filled > 0 && !drops));
      // Every write, with what belongs to it, where no row reads any more.
      assert (write_o == was_writing);
      if (write_o) begin
        assert (write_group_o == was_group && write_line_o == was_line);
        if (ITEM_BEATS > 1) assert (write_data_o == beats[ITEM_WIDTH-1:0]);
        else assert (write_data_o == (was_data >> (BEAT_LINES > 1 ? was_part * ITEMS * ITEM_WIDTH : 0)) % (1 << ITEMS * ITEM_WIDTH));
        assert (since[write_line_o[LINE_WIDTH]] == SAFE);
      end
      // What the rest rests on.
      assert (\dut.in_image_q == in_image && \dut.fill_half_q == fill_half && \dut.drops_q == drops);
      assert (\dut.fill_line_q == line && \dut.group_q == group && \dut.part_q == part);
      assert (read_half == (free_half ^ (leaving == 1)));
      assert (fill_half == (read_half ^ (filled == 1)));
      assert (\dut.valid_q == (filled == 2 ? 2'b11 : filled == 1 ? next : 2'b00));
      assert (\dut.busy_q == (filled + leaving == 2 ? 2'b11 : filled + leaving == 1 ? oldest : 2'b00));
      if (\dut.valid_q [0]) assert (\dut.final_q [0] == final_block[0]);
      if (\dut.valid_q [1]) assert (\dut.final_q [1] == final_block[1]);
      for (n = 0; n < 2; n = n + 1) begin
        assert (since[n] >= 0 && since[n] <= SAFE);
        if (!\dut.busy_q [n]) assert (since[n] >= SAFE - 1);
      end
    end
  end

  // Of units that have them.
  (* hierconn *) wire [(RELEASE_DELAY > 0 ? RELEASE_DELAY : 1)-1:0] \dut.g_delay.released_q ;
  (* hierconn *) wire [ITEM_BEATS*PORT_WIDTH-1:0] \dut.g_gather.beats_q ;

  generate
    if (RELEASE_DELAY > 0) begin : g_delay
      integer k, pulses;

      always @(*) begin
        pulses = 0;
        for (k = RELEASE_DELAY - 1; k >= 0; k = k - 1) begin
          if (\dut.g_delay.released_q [k]) begin
            // The oldest comes first, and its half has not been read since.
            if (started) assert (since[free_half^(pulses == 1)] > k);
            pulses = pulses + 1;
          end
        end
        if (started) assert (pulses == leaving);
      end
    end else begin : g_at_once
      always @(*) if (started) assert (leaving == 0);
    end
    if (ITEM_BEATS > 1) begin : g_gather
      integer k;

      always @(*) begin
        for (k = 0; k < ITEM_BEATS; k = k + 1) begin
          if (started && k < part)
            assert (\dut.g_gather.beats_q [(ITEM_BEATS-part+k)*PORT_WIDTH+:PORT_WIDTH] == beats[k*PORT_WIDTH+:PORT_WIDTH]);
        end
        if (started && write_o) assert (\dut.g_gather.beats_q == beats);
      end
    end
  endgenerate

endmodule

`default_nettype wire
