// What hg_queue must do: an element that is not zero is written, with its place in its list, as many words behind
// the list's first address as elements of the list were written before it; one that is zero is not. When a list is
// complete, its number is what count says of it; lists are numbered round and round. An invariant, by
// induction from reset; the memory is cut out. Of one list, any, the count is followed.
//
// Assumed: lists are no longer than places have numbers, and each has its first address with its first element.
`default_nettype none

module hg_queue_spec #(
    parameter WIDTH       = 8,
    parameter INDEX_WIDTH = 5,
    parameter DEPTH       = 64,
    parameter ADDR_WIDTH  = 6,
    parameter LISTS       = 2,
    parameter LIST_WIDTH  = 1
) (
    input wire                  clk_i,
    input wire                  rst_i,
    input wire                  write_i,
    input wire                  last_i,
    input wire [ADDR_WIDTH-1:0] write_addr_i,
    input wire [     WIDTH-1:0] write_data_i,
    input wire [ADDR_WIDTH-1:0] read_addr_i,
    input wire [LIST_WIDTH-1:0] list_i
);

  wire [WIDTH-1:0] read_data_o;
  wire [INDEX_WIDTH-1:0] read_index_o;
  wire [INDEX_WIDTH:0] count_o;

  hg_queue #(
      .WIDTH      (WIDTH),
      .INDEX_WIDTH(INDEX_WIDTH),
      .DEPTH      (DEPTH),
      .ADDR_WIDTH (ADDR_WIDTH),
      .LISTS      (LISTS),
      .LIST_WIDTH (LIST_WIDTH)
  ) dut (
      .clk_i       (clk_i),
      .rst_i       (rst_i),
      .write_i     (write_i),
      .last_i      (last_i),
      .write_addr_i(write_addr_i),
      .write_data_i(write_data_i),
      .read_addr_i (read_addr_i),
      .read_data_o (read_data_o),
      .read_index_o(read_index_o),
      .list_i      (list_i),
      .count_o     (count_o)
  );

  // The list that comes: its number, elements so far, those of them that are not zero, its first address.
  reg started = 1'b0;
  reg [31:0] number, elements, kept;
  reg [ADDR_WIDTH-1:0] base;
  // The list whose count is followed.
  (* anyconst *) wire [LIST_WIDTH-1:0] watched;
  reg is_known = 1'b0;
  reg [31:0] known;

  wire [ADDR_WIDTH-1:0] first = elements == 0 ? write_addr_i : base;
  wire is_zero = write_data_i == 0;

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) begin
      number   <= 0;
      elements <= 0;
      kept     <= 0;
      is_known <= 1'b0;
    end else if (write_i) begin
      base <= first;
      elements <= last_i ? 0 : elements + 1;
      kept     <= last_i ? 0 : kept + !is_zero;
      if (last_i) number <= number == LISTS - 1 ? 0 : number + 1;
      if (last_i && number == watched) begin
        is_known <= 1'b1;
        known    <= kept + !is_zero;
      end
    end
  end

  (* hierconn *) wire \dut.u_ram.write_i ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_ram.write_addr_i ;
  (* hierconn *) wire [WIDTH+INDEX_WIDTH-1:0] \dut.u_ram.write_data_i ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_ram.read_addr_i ;
  (* hierconn *) wire [WIDTH+INDEX_WIDTH-1:0] \dut.u_ram.read_data_o ;
  (* hierconn *) wire [INDEX_WIDTH-1:0] \dut.place_q ;
  (* hierconn *) wire [INDEX_WIDTH:0] \dut.kept_q ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.addr_q ;
  (* hierconn *) wire [LIST_WIDTH-1:0] \dut.list_q ;

  localparam [31:0] LONGEST = 32'd1 << INDEX_WIDTH;

  always @(*) begin
    assume (started || rst_i);
    assume (list_i == watched && watched < LISTS);
    if (started) begin
      assume (!write_i || last_i || elements + 1 < LONGEST);
      if (!rst_i) begin
        assert (\dut.u_ram.write_i == (write_i && !is_zero));
        if (write_i && !is_zero) begin
          assert (\dut.u_ram.write_addr_i == first + kept[ADDR_WIDTH-1:0]);
          assert (\dut.u_ram.write_data_i == {elements[INDEX_WIDTH-1:0], write_data_i});
        end
        if (is_known) assert (count_o == known);
      end
      assert (\dut.u_ram.read_addr_i == read_addr_i);
      assert ({read_index_o, read_data_o} == \dut.u_ram.read_data_o );
      // What the rest rests on.
      assert (elements < LONGEST && kept <= elements && number < LISTS);
      assert (\dut.place_q == elements && \dut.kept_q == kept && \dut.list_q == number);
      if (elements > 0) assert (\dut.addr_q == base + kept[ADDR_WIDTH-1:0]);
    end
  end

endmodule

`default_nettype wire
