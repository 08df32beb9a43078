// Weights that come from off chip: an AXI4-Stream slave fills one half of the weight banks while the array reads the
// other. All weights of a step, its image, come as one packet: tuser marks the first beat, tlast the last. The image is
// cut into blocks of 2^LINE_WIDTH lines, one to a half; tlast ends the last block early.
//
// Filling. After reset, beats before the first one with tuser are dropped, so that core and source are in step again
// wherever the source was. A line is written in groups of ITEMS rows, each a cycle after its (last) beat; a beat of several
// lines is taken with the last of them. The stream waits while the half that is next is still being read.
//
// Reading. ready_o: the next operand's weights are there, at read_addr_o. take_i takes them; line_end_i says that the next
// operand's begin with a line. step_end_i, in a cycle without take_i, gives back what is left of the image, and what is
// still to come of it as it comes. Rows read up to RELEASE_DELAY + 1 cycles later than the first one does: a half
// that has been read is free RELEASE_DELAY + 1 cycles after the cycle of its last operand.
`default_nettype none

module hg_weight_stream #(
    parameter                   PORT_WIDTH    = 32,    // of tdata
    parameter                   ITEM_WIDTH    = 8,     // a row's share of a line
    parameter                   ITEMS         = 4,     // rows that are written at once
    parameter                   ITEM_BEATS    = 1,     // beats of an item; more than 1 only where ITEMS is 1
    parameter                   BEAT_LINES    = 1,     // lines of a beat; more than 1 only where ITEM_BEATS is 1
    parameter                   GROUP_WIDTH   = 2,
    parameter [GROUP_WIDTH-1:0] LAST_GROUP    = 2'd3,  // of the writes of a line; 0 where a beat has several
    parameter                   PART_WIDTH    = 1,
    parameter [ PART_WIDTH-1:0] LAST_PART     = 1'd0,  // of an item's beats, or of a beat's lines
    parameter                   LINE_WIDTH    = 5,     // of a half
    parameter                   PLACE_WIDTH   = 3,
    parameter [PLACE_WIDTH-1:0] LAST_PLACE    = 3'd4,  // of a line's operands
    parameter                   RELEASE_DELAY = 15
) (
    input  wire                            clk_i,
    input  wire                            rst_i,
    input  wire                            s_axis_weights_tvalid,
    output wire                            s_axis_weights_tready,
    input  wire [          PORT_WIDTH-1:0] s_axis_weights_tdata,
    input  wire                            s_axis_weights_tuser,
    input  wire                            s_axis_weights_tlast,
    output reg                             write_o,
    output reg  [         GROUP_WIDTH-1:0] write_group_o,
    output reg  [            LINE_WIDTH:0] write_line_o,           // {half, line}
    output wire [    ITEMS*ITEM_WIDTH-1:0] write_data_o,
    output wire                            ready_o,
    input  wire                            take_i,
    input  wire                            line_end_i,
    input  wire                            step_end_i,
    output wire [PLACE_WIDTH+LINE_WIDTH+1:0] read_addr_o           // {taken, place in the line, half, line}
);

  localparam [LINE_WIDTH-1:0] LAST_LINE = {LINE_WIDTH{1'b1}};
  localparam [LINE_WIDTH-1:0] NO_LINE = {LINE_WIDTH{1'b0}};

  // Of each half: a block is there to be read; rows may still read it; it is the last of its image.
  reg [1:0] valid_q;
  reg [1:0] busy_q;
  reg [1:0] final_q;

  // Filling.
  reg                   in_image_q;
  reg                   fill_half_q;
  reg [ LINE_WIDTH-1:0] fill_line_q;
  reg [GROUP_WIDTH-1:0] group_q;
  reg [ PART_WIDTH-1:0] part_q;

  wire has_room = !busy_q[fill_half_q];
  wire is_wanted = in_image_q || s_axis_weights_tuser;
  wire works = s_axis_weights_tvalid && has_room && is_wanted;
  wire at_last_part = part_q == LAST_PART;
  wire taken = s_axis_weights_tvalid && s_axis_weights_tready;
  wire writes = works && (BEAT_LINES > 1 || at_last_part);
  wire line_done = writes && group_q == LAST_GROUP;
  wire image_ends = taken && is_wanted && s_axis_weights_tlast;
  wire block_done = image_ends || (line_done && fill_line_q == LAST_LINE);

  assign s_axis_weights_tready = has_room && (BEAT_LINES == 1 || at_last_part);

  always @(posedge clk_i) begin
    if (rst_i) begin
      in_image_q  <= 1'b0;
      fill_half_q <= 1'b0;
      fill_line_q <= NO_LINE;
      group_q     <= {GROUP_WIDTH{1'b0}};
      part_q      <= {PART_WIDTH{1'b0}};
      write_o     <= 1'b0;
    end else begin
      write_o <= writes;
      // Parts of a beat that is not wanted are counted as well: they are taken one after the other.
      if (BEAT_LINES > 1 ? s_axis_weights_tvalid && has_room : works) begin
        part_q <= at_last_part ? {PART_WIDTH{1'b0}} : part_q + 1'b1;
      end
      if (writes) group_q <= group_q == LAST_GROUP ? {GROUP_WIDTH{1'b0}} : group_q + 1'b1;
      if (line_done) fill_line_q <= fill_line_q + 1'b1;
      if (taken && is_wanted) in_image_q <= 1'b1;
      if (block_done) begin
        fill_half_q <= !fill_half_q;
        fill_line_q <= NO_LINE;
      end
      if (image_ends) begin
        in_image_q <= 1'b0;
        group_q    <= {GROUP_WIDTH{1'b0}};
        part_q     <= {PART_WIDTH{1'b0}};
      end
    end
    write_group_o <= group_q;
    write_line_o  <= {fill_half_q, fill_line_q};
  end

  generate
    if (ITEM_BEATS > 1) begin : g_gather
      reg [ITEM_BEATS*PORT_WIDTH-1:0] beats_q;

      always @(posedge clk_i) begin
        if (works) beats_q <= {s_axis_weights_tdata, beats_q[ITEM_BEATS*PORT_WIDTH-1:PORT_WIDTH]};
      end

      assign write_data_o = beats_q[ITEM_WIDTH-1:0];

      wire unused_beats = &beats_q;
    end else begin : g_slice
      reg [ITEMS*ITEM_WIDTH-1:0] items_q;

      if (BEAT_LINES > 1) begin : g_lines
        always @(posedge clk_i) begin
          items_q <= s_axis_weights_tdata[part_q*ITEMS*ITEM_WIDTH+:ITEMS*ITEM_WIDTH];
        end
      end else begin : g_line
        always @(posedge clk_i) items_q <= s_axis_weights_tdata[ITEMS*ITEM_WIDTH-1:0];
      end

      assign write_data_o = items_q;

      wire unused_tdata = &s_axis_weights_tdata;
    end
  endgenerate

  // Reading.
  reg                   read_half_q;
  reg [ LINE_WIDTH-1:0] read_line_q;
  reg [PLACE_WIDTH-1:0] place_q;
  reg                   drops_q;  // what is left of an image that a step did not need

  wire has_block = valid_q[read_half_q];
  wire line_ends = take_i && (line_end_i || place_q == LAST_PLACE);
  // The last block of an image goes when the step ends.
  wire leaves = line_ends && read_line_q == LAST_LINE && !final_q[read_half_q];
  wire drops = (step_end_i || drops_q) && has_block;
  wire released = leaves || drops;

  assign ready_o = has_block && !drops_q;
  assign read_addr_o = {take_i, place_q, read_half_q, read_line_q};

  always @(posedge clk_i) begin
    if (rst_i) begin
      read_half_q <= 1'b0;
      read_line_q <= NO_LINE;
      place_q     <= {PLACE_WIDTH{1'b0}};
      drops_q     <= 1'b0;
    end else begin
      if (take_i) place_q <= line_ends ? {PLACE_WIDTH{1'b0}} : place_q + 1'b1;
      if (line_ends) read_line_q <= read_line_q + 1'b1;
      if (released) begin
        read_half_q <= !read_half_q;
        read_line_q <= NO_LINE;
      end
      drops_q <= (step_end_i || drops_q) && !(drops && final_q[read_half_q]);
    end
  end

  // Rows follow one another: the last one is done so many cycles after the first.
  wire freed;

  generate
    if (RELEASE_DELAY == 0) begin : g_at_once
      assign freed = released;
    end else begin : g_delay
      reg [RELEASE_DELAY-1:0] released_q;

      always @(posedge clk_i) begin
        if (rst_i) released_q <= {RELEASE_DELAY{1'b0}};
        else released_q <= released_q << 1 | {{RELEASE_DELAY - 1{1'b0}}, released};
      end

      assign freed = released_q[RELEASE_DELAY-1];
    end
  endgenerate

  reg free_half_q;  // the next one to become free

  always @(posedge clk_i) begin
    if (rst_i) begin
      valid_q     <= 2'b00;
      busy_q      <= 2'b00;
      free_half_q <= 1'b0;
    end else begin
      if (freed) begin
        busy_q[free_half_q] <= 1'b0;
        free_half_q         <= !free_half_q;
      end
      if (released) valid_q[read_half_q] <= 1'b0;
      if (block_done) begin
        valid_q[fill_half_q] <= 1'b1;
        busy_q[fill_half_q]  <= 1'b1;
        final_q[fill_half_q] <= image_ends;
      end
    end
  end

endmodule

`default_nettype wire
