// What lies between the passes of a layer normalization, and x of each: the centred value 1024 v - mean, or
// a value that was written before, both two cycles after issue.
`default_nettype none

module hgi_wide_memory #(
    parameter WIDTH       = 28,
    parameter DEPTH       = 32,
    parameter INDEX_WIDTH = 5
) (
    input  wire                    clk_i,
    input  wire                    start_i,   // of an operation
    input  wire                    center_i,  // x is the centred value
    input  wire signed [     15:0] value_i,   // v, at stage 1
    input  wire signed [     26:0] mean_i,
    input  wire                    read_i,    // stage 1
    input  wire                    write_i,
    input  wire signed [WIDTH-1:0] data_i,
    output wire signed [     31:0] x_o
);

  reg  [INDEX_WIDTH-1:0] read_index_q;
  reg  [INDEX_WIDTH-1:0] write_index_q;
  reg  signed [27:0] centred_q;
  wire signed [WIDTH-1:0] data;

  assign x_o = center_i ? {{4{centred_q[27]}}, centred_q} : {{(32 - WIDTH) {data[WIDTH-1]}}, data};

  always @(posedge clk_i) begin
    if (start_i) begin
      read_index_q  <= {INDEX_WIDTH{1'b0}};
      write_index_q <= {INDEX_WIDTH{1'b0}};
    end else begin
      if (read_i) read_index_q <= read_index_q + 1'b1;
      if (write_i) write_index_q <= write_index_q + 1'b1;
    end
    centred_q <= {{2{value_i[15]}}, value_i, 10'd0} - {mean_i[26], mean_i};
  end

  hg_ram #(
      .WIDTH     (WIDTH),
      .DEPTH     (DEPTH),
      .ADDR_WIDTH(INDEX_WIDTH)
  ) u_memory (
      .clk_i       (clk_i),
      .write_i     (write_i),
      .write_addr_i(write_index_q),
      .write_data_i(data_i),
      .read_addr_i (read_index_q),
      .read_data_o (data)
  );

endmodule

`default_nettype wire
