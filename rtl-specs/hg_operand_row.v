// What hg_operand_row must do: the operand goes on to the row below a cycle later; both memories read its address, and
// two cycles behind it comes what the one that is meant has read, or zero where the operand is not valid; h is written
// at its address, and so is x unless it is in a read-only memory. From any state; the memories are cut out.
`default_nettype none

module hg_operand_row_spec #(
    parameter WIDTH        = 8,
    parameter ADDR_WIDTH   = 8,
    parameter X_ROM        = 0,
    parameter X_DEPTH      = 256,
    parameter X_ADDR_WIDTH = 8,
    parameter H_DEPTH      = 256,
    parameter H_ADDR_WIDTH = 8
) (
    input wire                    clk_i,
    input wire                    valid_i,
    input wire                    input_i,
    input wire [  ADDR_WIDTH-1:0] addr_i,
    input wire                    x_write_i,
    input wire [X_ADDR_WIDTH-1:0] x_addr_i,
    input wire [       WIDTH-1:0] x_data_i,
    input wire                    h_write_i,
    input wire [H_ADDR_WIDTH-1:0] h_addr_i,
    input wire [       WIDTH-1:0] h_data_i
);

  wire                  valid_o;
  wire                  input_o;
  wire [ADDR_WIDTH-1:0] addr_o;
  wire [     WIDTH-1:0] act_o;

  hg_operand_row #(
      .WIDTH       (WIDTH),
      .ADDR_WIDTH  (ADDR_WIDTH),
      .X_ROM       (X_ROM),
      .X_DEPTH     (X_DEPTH),
      .X_ADDR_WIDTH(X_ADDR_WIDTH),
      .H_DEPTH     (H_DEPTH),
      .H_ADDR_WIDTH(H_ADDR_WIDTH)
  ) dut (
      .clk_i    (clk_i),
      .valid_i  (valid_i),
      .input_i  (input_i),
      .addr_i   (addr_i),
      .valid_o  (valid_o),
      .input_o  (input_o),
      .addr_o   (addr_o),
      .x_write_i(x_write_i),
      .x_addr_i (x_addr_i),
      .x_data_i (x_data_i),
      .h_write_i(h_write_i),
      .h_addr_i (h_addr_i),
      .h_data_i (h_data_i),
      .act_o    (act_o)
  );

  (* hierconn *) wire [X_ADDR_WIDTH-1:0] \dut.g_rom.u_x.addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.g_rom.u_x.data_o ;
  (* hierconn *) wire \dut.g_ram.u_x.write_i ;
  (* hierconn *) wire [X_ADDR_WIDTH-1:0] \dut.g_ram.u_x.write_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.g_ram.u_x.write_data_i ;
  (* hierconn *) wire [X_ADDR_WIDTH-1:0] \dut.g_ram.u_x.read_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.g_ram.u_x.read_data_o ;
  (* hierconn *) wire \dut.u_h.write_i ;
  (* hierconn *) wire [H_ADDR_WIDTH-1:0] \dut.u_h.write_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_h.write_data_i ;
  (* hierconn *) wire [H_ADDR_WIDTH-1:0] \dut.u_h.read_addr_i ;
  (* hierconn *) wire [WIDTH-1:0] \dut.u_h.read_data_o ;

  wire [WIDTH-1:0] x_read = X_ROM != 0 ? \dut.g_rom.u_x.data_o : \dut.g_ram.u_x.read_data_o ;

  // The operand a cycle ago, and what the one two cycles ago found.
  reg                  valid_p, input_p, valid_pp, input_pp;
  reg [ADDR_WIDTH-1:0] addr_p;
  reg [     WIDTH-1:0] x_p, h_p;

  always @(posedge clk_i) begin
    {valid_p, input_p, addr_p} <= {valid_i, input_i, addr_i};
    {valid_pp, input_pp} <= {valid_p, input_p};
    x_p <= x_read;
    h_p <= \dut.u_h.read_data_o ;
  end

  reg [1:0] age = 2'd0;

  always @(posedge clk_i) if (age < 2'd2) age <= age + 2'd1;

  always @(*) begin
    if (age >= 2'd1) assert (valid_o == valid_p && input_o == input_p && addr_o == addr_p);
    if (age >= 2'd2) assert (act_o == (!valid_pp ? 0 : input_pp ? x_p : h_p));
    if (X_ROM != 0) assert (\dut.g_rom.u_x.addr_i == addr_i[X_ADDR_WIDTH-1:0]);
    else begin
      assert (\dut.g_ram.u_x.read_addr_i == addr_i[X_ADDR_WIDTH-1:0]);
      assert (\dut.g_ram.u_x.write_i == x_write_i);
      assert (\dut.g_ram.u_x.write_addr_i == x_addr_i && \dut.g_ram.u_x.write_data_i == x_data_i);
    end
    assert (\dut.u_h.read_addr_i == addr_i[H_ADDR_WIDTH-1:0]);
    assert (\dut.u_h.write_i == h_write_i);
    assert (\dut.u_h.write_addr_i == h_addr_i && \dut.u_h.write_data_i == h_data_i);
  end

endmodule

`default_nettype wire
