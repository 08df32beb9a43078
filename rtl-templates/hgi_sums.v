// Keeps the sums that come one by one after start_i; sum_o follows index_i by one cycle.
`default_nettype none

module hgi_sums #(
    parameter COUNT       = 1,
    parameter INDEX_WIDTH = 1
) (
    input  wire                   clk_i,
    input  wire                   start_i,
    input  wire                   valid_i,
    input  wire [           31:0] sum_i,
    input  wire [INDEX_WIDTH-1:0] index_i,
    output wire [           31:0] sum_o
);

  generate
    if (COUNT > 1) begin : g_memory
      localparam ADDR_WIDTH = $clog2(COUNT);

      reg [ADDR_WIDTH-1:0] write_index_q;

      always @(posedge clk_i) begin
        if (start_i) write_index_q <= {ADDR_WIDTH{1'b0}};
        else if (valid_i) write_index_q <= write_index_q + 1'b1;
      end

      hg_ram #(
          .WIDTH     (32),
          .DEPTH     (COUNT),
          .ADDR_WIDTH(ADDR_WIDTH)
      ) u_memory (
          .clk_i       (clk_i),
          .write_i     (valid_i),
          .write_addr_i(write_index_q),
          .write_data_i(sum_i),
          .read_addr_i (index_i[ADDR_WIDTH-1:0]),
          .read_data_o (sum_o)
      );

      wire unused = &index_i;
    end else begin : g_register
      reg [31:0] sum_q;

      assign sum_o = sum_q;

      always @(posedge clk_i) if (valid_i) sum_q <= sum_i;

      wire unused = &{start_i, index_i};
    end
  endgenerate

endmodule

`default_nettype wire
