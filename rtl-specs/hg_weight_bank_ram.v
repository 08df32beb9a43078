// What hg_weight_bank_ram must be: the word at addr a cycle later, and the address itself, for the row below; what is
// loaded is written at its address. One step from any state; the memory is cut out, being proved for itself.
`default_nettype none

module hg_weight_bank_ram_spec #(
    parameter WIDTH      = 2,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8
) (
    input wire                  clk_i,
    input wire                  load_i,
    input wire [ADDR_WIDTH-1:0] load_addr_i,
    input wire [     WIDTH-1:0] load_data_i,
    input wire [ADDR_WIDTH-1:0] addr_i
);

  wire [ADDR_WIDTH-1:0] addr_o;
  wire [     WIDTH-1:0] weight_o;

  hg_weight_bank_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) dut (
      .clk_i      (clk_i),
      .load_i     (load_i),
      .load_addr_i(load_addr_i),
      .load_data_i(load_data_i),
      .addr_i     (addr_i),
      .addr_o     (addr_o),
      .weight_o   (weight_o)
  );

  (* hierconn *) wire \dut.u_ram.write_i ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_ram.write_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_ram.write_data_i ;
  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_ram.read_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_ram.read_data_o ;

  reg [ADDR_WIDTH-1:0] addr_p;

  always @(posedge clk_i) addr_p <= addr_i;

  always @(*) begin
    assert (addr_o == addr_p);
    assert (\dut.u_ram.write_i == load_i && \dut.u_ram.write_addr_i == load_addr_i);
    assert (\dut.u_ram.write_data_i == load_data_i);
    assert (\dut.u_ram.read_addr_i == addr_i);
    assert (weight_o == \dut.u_ram.read_data_o );
  end

endmodule

`default_nettype wire
