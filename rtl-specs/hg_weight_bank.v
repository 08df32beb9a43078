// What hg_weight_bank must be: the word at addr a cycle later, and the address itself, for the row below. One step
// from any state; the memory is cut out, since every word of it is read and compared by simulation.
`default_nettype none

module hg_weight_bank_spec #(
    parameter WIDTH      = 2,
    parameter DEPTH      = 256,
    parameter ADDR_WIDTH = 8
) (
    input wire                  clk_i,
    input wire [ADDR_WIDTH-1:0] addr_i
);

  wire [ADDR_WIDTH-1:0] addr_o;
  wire [     WIDTH-1:0] weight_o;

  hg_weight_bank #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(ADDR_WIDTH)
  ) dut (
      .clk_i   (clk_i),
      .addr_i  (addr_i),
      .addr_o  (addr_o),
      .weight_o(weight_o)
  );

  (* hierconn *) wire [ADDR_WIDTH-1:0] \dut.u_rom.addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_rom.data_o ;

  reg [ADDR_WIDTH-1:0] addr_p;

  always @(posedge clk_i) addr_p <= addr_i;

  always @(*) begin
    assert (addr_o == addr_p);
    assert (\dut.u_rom.addr_i == addr_i);
    assert (weight_o == \dut.u_rom.data_o );
  end

endmodule

`default_nettype wire
