// Two products of their own: product_o[n] = act_i[n] * weight_i[n], signed, no register.
//
// Where HG_SB_MAC16 is the name of an iCE40 UP5K's DSP block, both are in one of them, in its mode of two 8 x 8 multipliers,
// which Yosys never makes of `*` by itself (under another name than SB_MAC16 as long as it maps: synth/ice40.ys). Else they
// are two `*`.
`default_nettype none

module hg_product_pair #(
    parameter WEIGHT_WIDTH = 8  // bits of a weight, signed, at most 8
) (
    input  wire [              15:0] acts_i,     // two of 8 bits, signed
    input  wire [2*WEIGHT_WIDTH-1:0] weights_i,
    output wire [              31:0] products_o  // two of 16 bits, signed
);

  wire [WEIGHT_WIDTH-1:0] weight_0 = weights_i[0+:WEIGHT_WIDTH];
  wire [WEIGHT_WIDTH-1:0] weight_1 = weights_i[WEIGHT_WIDTH+:WEIGHT_WIDTH];
  wire signed [7:0] wide_0 = $signed(weight_0);
  wire signed [7:0] wide_1 = $signed(weight_1);

`ifdef HG_SB_MAC16
  `HG_SB_MAC16 #(
      .A_SIGNED        (1'b1),
      .B_SIGNED        (1'b1),
      .MODE_8x8        (1'b1),
      .TOPOUTPUT_SELECT(2'b10),  // the upper halves' product
      .BOTOUTPUT_SELECT(2'b10)   // the lower halves'
  ) u_mac (
      .CLK       (1'b0),
      .CE        (1'b0),
      .A         (acts_i),
      .B         ({wide_1, wide_0}),
      .C         (16'd0),
      .D         (16'd0),
      .AHOLD     (1'b0),
      .BHOLD     (1'b0),
      .CHOLD     (1'b0),
      .DHOLD     (1'b0),
      .IRSTTOP   (1'b0),
      .IRSTBOT   (1'b0),
      .ORSTTOP   (1'b0),
      .ORSTBOT   (1'b0),
      .OLOADTOP  (1'b0),
      .OLOADBOT  (1'b0),
      .ADDSUBTOP (1'b0),
      .ADDSUBBOT (1'b0),
      .OHOLDTOP  (1'b0),
      .OHOLDBOT  (1'b0),
      .CI        (1'b0),
      .ACCUMCI   (1'b0),
      .SIGNEXTIN (1'b0),
      .O         (products_o),
      .CO        (),
      .ACCUMCO   (),
      .SIGNEXTOUT()
  );
`else
  wire signed [7:0] act_0 = acts_i[7:0];
  wire signed [7:0] act_1 = acts_i[15:8];
  wire signed [15:0] product_0 = act_0 * wide_0;
  wire signed [15:0] product_1 = act_1 * wide_1;
  assign products_o = {product_1, product_0};
`endif

endmodule

`default_nettype wire
