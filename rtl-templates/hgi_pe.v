// One processing element of an output-stationary array: a sum of products, and a register of the chain
// that drains the array. `load_i` ends a sum: it moves to the chain, and the next one starts from zero.
`default_nettype none

module hgi_pe #(
    parameter DATA_WIDTH = 8,  // activation bits, signed
    parameter ACC_WIDTH  = 20  // sum bits, signed
) (
    input  wire                         clk_i,
    input  wire                         valid_i,   // adds data_i * weight_i
    input  wire                         load_i,    // not with valid_i
    input  wire                         shift_i,   // chain_o follows chain_i; not with load_i
    input  wire signed [DATA_WIDTH-1:0] data_i,
    input  wire signed [           7:0] weight_i,
    input  wire signed [ ACC_WIDTH-1:0] chain_i,
    output reg  signed [ ACC_WIDTH-1:0] chain_o
);

  localparam PRODUCT_WIDTH = DATA_WIDTH + 8;

  reg signed [ACC_WIDTH-1:0] acc_q;

  wire signed [PRODUCT_WIDTH-1:0] product = data_i * weight_i;
  wire signed [ACC_WIDTH-1:0] addend;

  // Very few, very small weights need fewer bits than one product has.
  generate
    if (ACC_WIDTH > PRODUCT_WIDTH) begin : g_extend
      assign addend = {{(ACC_WIDTH - PRODUCT_WIDTH) {product[PRODUCT_WIDTH-1]}}, product};
    end else begin : g_slice
      assign addend = product[ACC_WIDTH-1:0];
      if (ACC_WIDTH < PRODUCT_WIDTH) begin : g_unused
        wire unused = &product[PRODUCT_WIDTH-1:ACC_WIDTH];
      end
    end
  endgenerate

  always @(posedge clk_i) begin
    if (load_i) acc_q <= {ACC_WIDTH{1'b0}};
    else if (valid_i) acc_q <= acc_q + addend;
    if (load_i) chain_o <= acc_q;
    else if (shift_i) chain_o <= chain_i;
  end

endmodule

`default_nettype wire
