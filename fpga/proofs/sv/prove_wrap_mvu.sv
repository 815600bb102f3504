// SPDX-License-Identifier: BSD-3-Clause
//
// wrap_mvu: of Groups vectors, all rows in order, each the product of its weights and its group's vector, mod 2^AccBits.
// Weights are by row and column here, 1-bit ones 1 for +1 and 0 for -1; the memory file is fpga/rtl_memory.py's.
module prove_wrap_mvu #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Groups = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 1,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned AccBits = 4,
    parameter int unsigned Way = 0,  // planes, ternary, booth
    parameter int unsigned Negatives = 0,
    parameter bit Starts = 1'b0,
    parameter int unsigned MaxLevels = 8,
    parameter logic [Mh-1:0][Mw-1:0][WeightBits-1:0] Weights = '0,
    localparam int unsigned Words = Mh / Pe
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Simd*InBits-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Pe*AccBits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  // Steps of a transaction; eight of them fit into the pipeline, ten with few levels, and two vectors may wait before it.
  localparam int unsigned Steps = Mw / Simd * Words;
  localparam int unsigned Flight = (MaxLevels < 5 ? 10 : 8) / Steps + 4;

  logic rst_ni, now_o;
  logic [(Words > 1 ? $clog2(Words) : 1)-1:0] place_o;
  logic [$clog2(Flight+2)-1:0] inside_o;
  logic [Groups-1:0][Mw-1:0][InBits-1:0] words_o;
  logic [Mh-1:0][AccBits-1:0] want;

  start i_start (.*);
  wrap_mvu #(
      .Mw(Mw),
      .Mh(Mh),
      .Groups(Groups),
      .Simd(Simd),
      .Pe(Pe),
      .InBits(InBits),
      .WeightBits(WeightBits),
      .AccBits(AccBits),
      .Products(Way == 0 ? "planes" : Way == 1 ? "ternary" : "booth"),
      .Negatives(Negatives),
      .StartFile(Starts ? "starts.hex" : ""),
      .InitFile("weights.hex"),
      .MaxLevels(MaxLevels)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Simd * InBits),
      .OutWidth(Pe * AccBits),
      .InWords (Groups * Mw / Simd),
      .OutWords(Words),
      .Flight  (Flight),
      .Patience(10 + 4 * Steps)
  ) i_follow (
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned r = 0; r < Mh; r++) begin
      for (int unsigned c = 0; c < Mw; c++) begin
        automatic logic [InBits-1:0] x = words_o[r*Groups/Mh][c];
        if (WeightBits == 1) want[r] = Weights[r][c] ? want[r] + AccBits'(x) : want[r] - AccBits'(x);
        else want[r] += AccBits'(32'(signed'(Weights[r][c])) * 32'(x));
      end
    end
    if (now_o) product : assert (out_data_o == want[place_o*Pe+:Pe]);
  end
endmodule
