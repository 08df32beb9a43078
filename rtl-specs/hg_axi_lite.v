// What hg_axi_lite must do (AXI4-Lite slave): every write that is taken, address and data in any order, is done exactly
// once, with its own address and data, and answered exactly once, not before it is done; so is every read. What is valid
// stays as it is until it is taken. Nothing waits for ready, and nothing is kept waiting: what can go does. An invariant,
// by induction from reset.
//
// The master is assumed to do what AXI asks of it: what it offers stays until it is taken.
`default_nettype none

module hg_axi_lite_spec #(
    parameter ADDR_WIDTH = 12
) (
    input wire                  clk_i,
    input wire                  rst_i,
    input wire [ADDR_WIDTH-1:0] s_axil_awaddr,
    input wire [           2:0] s_axil_awprot,
    input wire                  s_axil_awvalid,
    input wire [          31:0] s_axil_wdata,
    input wire [           3:0] s_axil_wstrb,
    input wire                  s_axil_wvalid,
    input wire                  s_axil_bready,
    input wire [ADDR_WIDTH-1:0] s_axil_araddr,
    input wire [           2:0] s_axil_arprot,
    input wire                  s_axil_arvalid,
    input wire                  s_axil_rready,
    input wire                  write_error_i,
    input wire [          31:0] read_data_i,
    input wire                  read_error_i
);

  wire        s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid;
  wire [ 1:0] s_axil_bresp, s_axil_rresp;
  wire [31:0] s_axil_rdata;
  wire        write_o, write_whole_o, read_o;
  wire [ADDR_WIDTH-1:2] write_addr_o, read_addr_o;
  wire [31:0] write_data_o;

  hg_axi_lite #(
      .ADDR_WIDTH(ADDR_WIDTH)
  ) dut (
      .clk_i         (clk_i),
      .rst_i         (rst_i),
      .s_axil_awaddr (s_axil_awaddr),
      .s_axil_awprot (s_axil_awprot),
      .s_axil_awvalid(s_axil_awvalid),
      .s_axil_awready(s_axil_awready),
      .s_axil_wdata  (s_axil_wdata),
      .s_axil_wstrb  (s_axil_wstrb),
      .s_axil_wvalid (s_axil_wvalid),
      .s_axil_wready (s_axil_wready),
      .s_axil_bresp  (s_axil_bresp),
      .s_axil_bvalid (s_axil_bvalid),
      .s_axil_bready (s_axil_bready),
      .s_axil_araddr (s_axil_araddr),
      .s_axil_arprot (s_axil_arprot),
      .s_axil_arvalid(s_axil_arvalid),
      .s_axil_arready(s_axil_arready),
      .s_axil_rdata  (s_axil_rdata),
      .s_axil_rresp  (s_axil_rresp),
      .s_axil_rvalid (s_axil_rvalid),
      .s_axil_rready (s_axil_rready),
      .write_o       (write_o),
      .write_addr_o  (write_addr_o),
      .write_data_o  (write_data_o),
      .write_whole_o (write_whole_o),
      .write_error_i (write_error_i),
      .read_o        (read_o),
      .read_addr_o   (read_addr_o),
      .read_data_i   (read_data_i),
      .read_error_i  (read_error_i)
  );

  wire aw = s_axil_awvalid && s_axil_awready;
  wire w = s_axil_wvalid && s_axil_wready;
  wire b = s_axil_bvalid && s_axil_bready;
  wire ar = s_axil_arvalid && s_axil_arready;
  wire r = s_axil_rvalid && s_axil_rready;

  // What was taken and not yet done, done and not yet answered; and the last of each.
  reg started = 1'b0;
  reg [7:0] addresses, words, asked, writes, reads;
  reg [ADDR_WIDTH-1:0] address, read_address;
  reg [31:0] word, data;
  reg [3:0] strobe;
  reg failed, read_failed;

  always @(posedge clk_i) begin
    started <= 1'b1;
    if (rst_i) begin
      {addresses, words, asked, writes, reads} <= 40'd0;
    end else begin
      addresses <= addresses + aw - write_o;
      words     <= words + w - write_o;
      asked     <= asked + ar - read_o;
      writes    <= writes + write_o - b;
      reads     <= reads + read_o - r;
    end
    if (aw) address <= s_axil_awaddr;
    if (w) {word, strobe} <= {s_axil_wdata, s_axil_wstrb};
    if (ar) read_address <= s_axil_araddr;
    if (write_o) failed <= write_error_i;
    if (read_o) {data, read_failed} <= {read_error_i ? 32'd0 : read_data_i, read_error_i};
  end

  // What was offered a cycle ago and not taken.
  reg aw_waits, w_waits, ar_waits, b_waits, r_waits;
  reg [ADDR_WIDTH-1:0] awaddr_p, araddr_p;
  reg [31:0] wdata_p, rdata_p;
  reg [3:0] wstrb_p;
  reg [1:0] bresp_p, rresp_p;

  always @(posedge clk_i) begin
    aw_waits <= s_axil_awvalid && !s_axil_awready && !rst_i;
    w_waits  <= s_axil_wvalid && !s_axil_wready && !rst_i;
    ar_waits <= s_axil_arvalid && !s_axil_arready && !rst_i;
    b_waits  <= s_axil_bvalid && !s_axil_bready && !rst_i;
    r_waits  <= s_axil_rvalid && !s_axil_rready && !rst_i;
    {awaddr_p, araddr_p, wdata_p, wstrb_p} <= {s_axil_awaddr, s_axil_araddr, s_axil_wdata, s_axil_wstrb};
    {rdata_p, bresp_p, rresp_p} <= {s_axil_rdata, s_axil_bresp, s_axil_rresp};
  end

  always @(*) begin
    assume (started || rst_i);
    if (started && aw_waits) assume (s_axil_awvalid && s_axil_awaddr == awaddr_p);
    if (started && w_waits) assume (s_axil_wvalid && s_axil_wdata == wdata_p && s_axil_wstrb == wstrb_p);
    if (started && ar_waits) assume (s_axil_arvalid && s_axil_araddr == araddr_p);
    if (started) begin
      // Exactly once, in order, with what belongs to it.
      assert (addresses <= 1 && words <= 1 && asked <= 1 && writes <= 1 && reads <= 1);
      assert (s_axil_bvalid == (writes != 0) && s_axil_rvalid == (reads != 0));
      assert (!write_o || (addresses == 1 && words == 1));
      assert (!read_o || asked == 1);
      if (addresses != 0) assert (write_addr_o == address[ADDR_WIDTH-1:2]);
      if (words != 0) assert (write_data_o == word && write_whole_o == (strobe == 4'hf));
      if (asked != 0) assert (read_addr_o == read_address[ADDR_WIDTH-1:2]);
      if (s_axil_bvalid) assert (s_axil_bresp == (failed ? 2'b10 : 2'b00));
      if (s_axil_rvalid) assert (s_axil_rresp == (read_failed ? 2'b10 : 2'b00) && s_axil_rdata == data);
      // Valid stays.
      if (b_waits) assert (s_axil_bvalid && s_axil_bresp == bresp_p);
      if (r_waits) assert (s_axil_rvalid && s_axil_rresp == rresp_p && s_axil_rdata == rdata_p);
      // Ready depends on nothing that is offered, and what can be done is.
      assert (s_axil_awready == (addresses == 0) && s_axil_wready == (words == 0));
      assert (s_axil_arready == (asked == 0));
      assert (write_o == (addresses == 1 && words == 1 && (!s_axil_bvalid || s_axil_bready)));
      assert (read_o == (asked == 1 && (!s_axil_rvalid || s_axil_rready)));
    end
  end

endmodule

`default_nettype wire
