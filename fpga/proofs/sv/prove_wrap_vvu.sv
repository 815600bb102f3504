// SPDX-License-Identifier: BSD-3-Clause
//
// wrap_vvu: of a pixel's windows, every channel's sum of K products in order, mod 2^AccBits.
// Weights are by channel and place here, 1-bit ones 1 for +1 and 0 for -1; the memory file is fpga/rtl_memory.py's.
module prove_wrap_vvu #(
    parameter int unsigned Ch = 1,
    parameter int unsigned K = 2,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 1,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned AccBits = 4,
    parameter int unsigned MaxLevels = 8,
    parameter logic [Ch-1:0][K-1:0][WeightBits-1:0] Weights = '0,
    localparam int unsigned Words = Ch / Pe
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Pe*InBits-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Pe*AccBits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  localparam int unsigned Flight = 6 / (Words * K) + 3;

  logic rst_ni, now_o;
  logic [(Words > 1 ? $clog2(Words) : 1)-1:0] place_o;
  logic [$clog2(Flight+2)-1:0] inside_o;
  logic [Words-1:0][K-1:0][Pe-1:0][InBits-1:0] words_o;
  logic [Ch-1:0][AccBits-1:0] want;

  start i_start (.*);
  wrap_vvu #(
      .Ch(Ch),
      .K(K),
      .Pe(Pe),
      .InBits(InBits),
      .WeightBits(WeightBits),
      .AccBits(AccBits),
      .InitFile("weights.hex"),
      .MaxLevels(MaxLevels)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Pe * InBits),
      .OutWidth(Pe * AccBits),
      .InWords (Words * K),
      .OutWords(Words),
      .Flight  (Flight),
      .Patience(8)
  ) i_follow (
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned c = 0; c < Ch; c++) begin
      for (int unsigned k = 0; k < K; k++) begin
        automatic logic [InBits-1:0] x = words_o[c/Pe][k][c%Pe];
        if (WeightBits == 1) want[c] = Weights[c][k] ? want[c] + AccBits'(x) : want[c] - AccBits'(x);
        else want[c] += AccBits'(32'(signed'(Weights[c][k])) * 32'(x));
      end
    end
    if (now_o) sum : assert (out_data_o == want[place_o*Pe+:Pe]);
  end
endmodule
