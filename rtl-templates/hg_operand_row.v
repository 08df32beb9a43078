// What one row of a weight-stationary array multiplies: words of x and of h, one for every tile and sequence, at
// the same addresses in all rows. An operand (valid_i, input_i, addr_i) moves south one row per cycle; act_o follows
// it by two cycles and is zero where it is not valid.
//
// x is written like h, or comes from X_FILE, the row's share of an embedding ($readmemh).
`default_nettype none

module hg_operand_row #(
    parameter WIDTH        = 8,
    parameter ADDR_WIDTH   = 8,    // holds either address
    parameter X_ROM        = 0,    // 1: x is of X_FILE
    parameter X_DEPTH      = 256,
    parameter X_ADDR_WIDTH = 8,
    parameter X_FILE       = "",
    parameter H_DEPTH      = 256,
    parameter H_ADDR_WIDTH = 8
) (
    input  wire                    clk_i,
    input  wire                    valid_i,
    input  wire                    input_i,  // an x, else an h
    input  wire [  ADDR_WIDTH-1:0] addr_i,
    output reg                     valid_o,
    output reg                     input_o,
    output reg  [  ADDR_WIDTH-1:0] addr_o,
    input  wire                    x_write_i,
    input  wire [X_ADDR_WIDTH-1:0] x_addr_i,
    input  wire [       WIDTH-1:0] x_data_i,
    input  wire                    h_write_i,
    input  wire [H_ADDR_WIDTH-1:0] h_addr_i,
    input  wire [       WIDTH-1:0] h_data_i,
    output reg  [       WIDTH-1:0] act_o
);

  wire [WIDTH-1:0] x_data;
  wire [WIDTH-1:0] h_data;

  generate
    if (X_ROM != 0) begin : g_rom
      hg_rom #(
          .WIDTH     (WIDTH),
          .DEPTH     (X_DEPTH),
          .ADDR_WIDTH(X_ADDR_WIDTH),
          .INIT_FILE (X_FILE)
      ) u_x (
          .clk_i (clk_i),
          .addr_i(addr_i[X_ADDR_WIDTH-1:0]),
          .data_o(x_data)
      );

      wire unused = &{x_write_i, x_addr_i, x_data_i};
    end else begin : g_ram
      hg_ram #(
          .WIDTH     (WIDTH),
          .DEPTH     (X_DEPTH),
          .ADDR_WIDTH(X_ADDR_WIDTH)
      ) u_x (
          .clk_i       (clk_i),
          .write_i     (x_write_i),
          .write_addr_i(x_addr_i),
          .write_data_i(x_data_i),
          .read_addr_i (addr_i[X_ADDR_WIDTH-1:0]),
          .read_data_o (x_data)
      );

      wire unused = &X_FILE;
    end
  endgenerate

  hg_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (H_DEPTH),
      .ADDR_WIDTH(H_ADDR_WIDTH)
  ) u_h (
      .clk_i       (clk_i),
      .write_i     (h_write_i),
      .write_addr_i(h_addr_i),
      .write_data_i(h_data_i),
      .read_addr_i (addr_i[H_ADDR_WIDTH-1:0]),
      .read_data_o (h_data)
  );

  always @(posedge clk_i) begin
    valid_o <= valid_i;
    input_o <= input_i;
    addr_o  <= addr_i;
    if (!valid_o) act_o <= {WIDTH{1'b0}};
    else act_o <= input_o ? x_data : h_data;
  end

endmodule

`default_nettype wire
