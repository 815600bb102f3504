// SPDX-License-Identifier: BSD-3-Clause
//
// plain_mvu and plain_activation at one accumulator width: the rival at 32 bits, at the width at which nothing overflows,
// or at our own. Its memories are weights.hex and thresholds_<lane>_<step>.hex; Memories begins all their names.
module plain_layer #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter bit Ternary = 1'b0,
    parameter int unsigned AccBits = 32,
    parameter int unsigned OutBits = 2,
    parameter string Memories = ""
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
  plain_activation #(
      .Ch(Mh),
      .Pe(Pe),
      .Bits(AccBits),
      .OutBits(OutBits),
      .InitFile($sformatf("%sthresholds", Memories))
  ) i_activation (
      .clk_i,
      .rst_ni,
      .in_data_i (sums),
      .in_valid_i(sums_valid),
      .in_ready_o(sums_ready),
      .out_data_o,
      .out_valid_o,
      .out_ready_i
  );
endmodule
