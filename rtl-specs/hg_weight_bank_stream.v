// What hg_weight_bank_stream must be: a cycle later, of the line at the address its word, or zero where none is taken, and
// the address itself for the row below; what is written is written at its line. One step from any state; the memory is
// cut out, being proved for itself.
`default_nettype none

module hg_weight_bank_stream_spec #(
    parameter WIDTH       = 2,
    parameter OPERANDS    = 5,
    parameter PLACE_WIDTH = 3,
    parameter DEPTH       = 64,
    parameter LINE_WIDTH  = 6
) (
    input wire                            clk_i,
    input wire                            write_i,
    input wire [          LINE_WIDTH-1:0] write_line_i,
    input wire [      OPERANDS*WIDTH-1:0] write_data_i,
    input wire                            taken_i,
    input wire [         PLACE_WIDTH-1:0] place_i,
    input wire [          LINE_WIDTH-1:0] line_i
);

  wire [PLACE_WIDTH+LINE_WIDTH:0] addr_o;
  wire [WIDTH-1:0] weight_o;

  hg_weight_bank_stream #(
      .WIDTH      (WIDTH),
      .OPERANDS   (OPERANDS),
      .PLACE_WIDTH(PLACE_WIDTH),
      .DEPTH      (DEPTH),
      .LINE_WIDTH (LINE_WIDTH)
  ) dut (
      .clk_i       (clk_i),
      .write_i     (write_i),
      .write_line_i(write_line_i),
      .write_data_i(write_data_i),
      .addr_i      ({taken_i, place_i, line_i}),
      .addr_o      (addr_o),
      .weight_o    (weight_o)
  );

  (* hierconn *) wire \dut.u_ram.write_i ;
  (* hierconn *) wire [LINE_WIDTH-1:0] \dut.u_ram.write_addr_i ;
  (* hierconn *) wire [OPERANDS*WIDTH-1:0] \dut.u_ram.write_data_i ;
  (* hierconn *) wire [LINE_WIDTH-1:0] \dut.u_ram.read_addr_i ;
  (* hierconn *) wire [OPERANDS*WIDTH-1:0] \dut.u_ram.read_data_o ;

  reg taken_p;
  reg [PLACE_WIDTH-1:0] place_p;
  reg [LINE_WIDTH-1:0] line_p;

  always @(posedge clk_i) {taken_p, place_p, line_p} <= {taken_i, place_i, line_i};

  integer n;

  always @(*) begin
    assert (addr_o == {taken_p, place_p, line_p});
    assert (\dut.u_ram.write_i == write_i && \dut.u_ram.write_addr_i == write_line_i);
    assert (\dut.u_ram.write_data_i == write_data_i);
    assert (\dut.u_ram.read_addr_i == line_i);
    if (!taken_p) assert (weight_o == 0);
    for (n = 0; n < OPERANDS; n = n + 1) begin
      if (taken_p && place_p == n) assert (weight_o == (\dut.u_ram.read_data_o >> n * WIDTH) % (1 << WIDTH));
    end
  end

endmodule

`default_nettype wire
