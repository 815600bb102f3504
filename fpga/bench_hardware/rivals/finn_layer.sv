// SPDX-License-Identifier: BSD-3-Clause
//
// plain_mvu with FINN's own `thresholding` (finn-plus) behind it, thresholds built in. Its memories are weights.hex and
// the same thresholds as plain_activation's under the names that FINN's module gives them, threshs_<lane>_<step>.dat;
// Memories begins all their names, and must not be empty: FINN's module would then have no thresholds.
module finn_layer #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter bit Ternary = 1'b0,
    parameter int unsigned AccBits = 32,
    parameter int unsigned OutBits = 2,
    parameter string Memories = "./"
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic [Simd*InBits-1:0] in_data_i,
    input  logic                   in_valid_i,
    output logic                   in_ready_o,
    output logic [ Pe*OutBits-1:0] out_data_o,
    output logic                   out_valid_o,
    input  logic                   out_ready_i
);
  localparam int unsigned Thresholds = (1 << OutBits) - 1;
  localparam int unsigned Words = Mh / Pe;

  logic [Pe*AccBits-1:0] sums;
  logic sums_valid, sums_ready;

  plain_mvu #(
      .Mw(Mw),
      .Mh(Mh),
      .Simd(Simd),
      .Pe(Pe),
      .InBits(InBits),
      .WeightBits(WeightBits),
      .Ternary(Ternary),
      .AccBits(AccBits),
      .InitFile($sformatf("%sweights.hex", Memories))
  ) i_mvu (
      .clk_i,
      .rst_ni,
      .in_data_i,
      .in_valid_i,
      .in_ready_o,
      .out_data_o (sums),
      .out_valid_o(sums_valid),
      .out_ready_i(sums_ready)
  );
  thresholding #(
      .K(AccBits),
      .N(Thresholds),
      .C(Mh),
      .PE(Pe),
      .USE_CONFIG(1'b0),
      .THRESHOLDS_PATH(Memories)
  ) i_thresholding (
      .clk(clk_i),
      .rst(!rst_ni),
      .cfg_en(1'b0),
      .cfg_we(1'b0),
      .cfg_a('0),
      .cfg_d('0),
      .cfg_rack(),
      .cfg_q(),
      .irdy(sums_ready),
      .ivld(sums_valid),
      .iset('0),
      .idat(sums),
      .ordy(out_ready_i),
      .ovld(out_valid_o),
      .odat(out_data_o)
  );
endmodule
