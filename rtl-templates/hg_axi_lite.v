// AXI4-Lite slave of 32-bit words: address and data of a write may come in any order, one write and one read
// can be under way at a time, and every output comes from a register.
//
// write_o and read_o are there for one cycle each, in which *_error_i must say whether the word exists: the
// response is then SLVERR instead of OKAY. write_whole_o: all four bytes are written. A write takes effect in
// the cycle of write_o, its response follows in the next; so do the data of a read.
`default_nettype none

module hg_axi_lite #(
    parameter ADDR_WIDTH = 12  // of byte addresses
) (
    input  wire                  clk_i,
    input  wire                  rst_i,
    input  wire [ADDR_WIDTH-1:0] s_axil_awaddr,
    input  wire [           2:0] s_axil_awprot,
    input  wire                  s_axil_awvalid,
    output wire                  s_axil_awready,
    input  wire [          31:0] s_axil_wdata,
    input  wire [           3:0] s_axil_wstrb,
    input  wire                  s_axil_wvalid,
    output wire                  s_axil_wready,
    output wire [           1:0] s_axil_bresp,
    output reg                   s_axil_bvalid,
    input  wire                  s_axil_bready,
    input  wire [ADDR_WIDTH-1:0] s_axil_araddr,
    input  wire [           2:0] s_axil_arprot,
    input  wire                  s_axil_arvalid,
    output wire                  s_axil_arready,
    output reg  [          31:0] s_axil_rdata,
    output wire [           1:0] s_axil_rresp,
    output reg                   s_axil_rvalid,
    input  wire                  s_axil_rready,
    output wire                  write_o,
    output reg  [ADDR_WIDTH-1:2] write_addr_o,   // of the word
    output reg  [          31:0] write_data_o,
    output reg                   write_whole_o,
    input  wire                  write_error_i,
    output wire                  read_o,
    output reg  [ADDR_WIDTH-1:2] read_addr_o,
    input  wire [          31:0] read_data_i,
    input  wire                  read_error_i
);

  // What has come and not yet been answered.
  reg has_aw_q;
  reg has_w_q;
  reg has_ar_q;
  reg write_failed_q;
  reg read_failed_q;

  assign s_axil_awready = !has_aw_q;
  assign s_axil_wready = !has_w_q;
  assign s_axil_arready = !has_ar_q;
  assign s_axil_bresp = {write_failed_q, 1'b0};
  assign s_axil_rresp = {read_failed_q, 1'b0};

  // The response before must have left, or leave now.
  assign write_o = has_aw_q && has_w_q && (!s_axil_bvalid || s_axil_bready);
  assign read_o = has_ar_q && (!s_axil_rvalid || s_axil_rready);

  always @(posedge clk_i) begin
    if (rst_i) begin
      has_aw_q      <= 1'b0;
      has_w_q       <= 1'b0;
      has_ar_q      <= 1'b0;
      s_axil_bvalid <= 1'b0;
      s_axil_rvalid <= 1'b0;
    end else begin
      if (write_o) begin
        has_aw_q      <= 1'b0;
        has_w_q       <= 1'b0;
        s_axil_bvalid <= 1'b1;
      end else begin
        if (s_axil_awvalid) has_aw_q <= 1'b1;
        if (s_axil_wvalid) has_w_q <= 1'b1;
        if (s_axil_bready) s_axil_bvalid <= 1'b0;
      end
      if (read_o) begin
        has_ar_q      <= 1'b0;
        s_axil_rvalid <= 1'b1;
      end else begin
        if (s_axil_arvalid) has_ar_q <= 1'b1;
        if (s_axil_rready) s_axil_rvalid <= 1'b0;
      end
    end
    if (s_axil_awvalid && s_axil_awready) write_addr_o <= s_axil_awaddr[ADDR_WIDTH-1:2];
    if (s_axil_wvalid && s_axil_wready) begin
      write_data_o  <= s_axil_wdata;
      write_whole_o <= &s_axil_wstrb;
    end
    if (write_o) write_failed_q <= write_error_i;
    if (s_axil_arvalid && s_axil_arready) read_addr_o <= s_axil_araddr[ADDR_WIDTH-1:2];
    if (read_o) begin
      s_axil_rdata  <= read_error_i ? 32'd0 : read_data_i;
      read_failed_q <= read_error_i;
    end
  end

  // Words are aligned, and there is but one privilege.
  wire unused = &{s_axil_awaddr[1:0], s_axil_awprot, s_axil_araddr[1:0], s_axil_arprot};

endmodule

`default_nettype wire
