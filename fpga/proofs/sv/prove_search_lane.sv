// SPDX-License-Identifier: BSD-3-Clause
//
// search_lane: the number of the channel's thresholds that the folded value OutBits + 1 moves ago reaches; with
// Split, 2 * OutBits.
module prove_search_lane #(
    parameter int unsigned Words = 1,
    parameter int unsigned InBits = 4,
    parameter bit InSigned = 1'b1,
    parameter int unsigned Fold = 0,
    parameter int unsigned OutBits = 2,
    parameter int unsigned ThresholdBits = 4,
    parameter bit Split = 1'b0,
    parameter logic [Words-1:0][(1<<OutBits)-2:0][ThresholdBits-1:0] Thresholds = '0,
    parameter logic [Words-1:0] Flip = '0,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input logic clk_i,
    input logic move_i,
    input logic [WordBits-1:0] word_i,
    input logic [InBits-1:0] m_i
);
  logic rst_ni, filled_o;
  logic [OutBits-1:0] out_o, want;
  logic [WordBits-1:0] word;
  logic [InBits-1:0] m;

  start i_start (.*);
  search_lane #(
      .Words(Words),
      .InBits(InBits),
      .InSigned(InSigned),
      .Fold(Fold),
      .OutBits(OutBits),
      .ThresholdBits(ThresholdBits),
      .InitFile("activation"),
      .Split(Split)
  ) i_cell (
      .*
  );
  delayed #(
      .Width  (WordBits + InBits),
      .Latency(Split ? 2 * OutBits : OutBits + 1)
  ) i_delayed (
      .now_i ({word_i, m_i}),
      .then_o({word, m}),
      .*
  );
  staircase_spec #(
      .InBits(InBits),
      .InSigned(InSigned),
      .Fold(Fold),
      .OutBits(OutBits),
      .ThresholdBits(ThresholdBits)
  ) i_spec (
      .m_i(m),
      .thresholds_i(Thresholds[word]),
      .flip_i(Flip[word]),
      .out_o(want)
  );

  always_comb if (filled_o && 32'(word) < Words) reached : assert (out_o == want);
endmodule
