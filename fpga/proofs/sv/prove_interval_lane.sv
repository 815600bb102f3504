// SPDX-License-Identifier: BSD-3-Clause
//
// interval_lane: whether the folded value one move ago reaches the channel's threshold.
module prove_interval_lane #(
    parameter int unsigned Words = 1,
    parameter int unsigned InBits = 4,
    parameter int unsigned Fold = 3,
    parameter int unsigned ThresholdBits = 4,
    parameter logic [Words-1:0][0:0][ThresholdBits-1:0] Thresholds = '0,
    parameter logic [Words-1:0] Flip = '0,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input logic clk_i,
    input logic move_i,
    input logic [WordBits-1:0] word_i,
    input logic [InBits-1:0] m_i
);
  logic rst_ni, filled_o, out_o, want;
  logic [WordBits-1:0] word;
  logic [InBits-1:0] m;

  start i_start (.*);
  interval_lane #(
      .Words(Words),
      .InBits(InBits),
      .Fold(Fold),
      .InitFile("activation")
  ) i_cell (
      .*
  );
  delayed #(
      .Width(WordBits + InBits)
  ) i_delayed (
      .now_i ({word_i, m_i}),
      .then_o({word, m}),
      .*
  );
  staircase_spec #(
      .InBits(InBits),
      .InSigned(1'b1),
      .Fold(Fold),
      .OutBits(1),
      .ThresholdBits(ThresholdBits)
  ) i_spec (
      .m_i(m),
      .thresholds_i(Thresholds[word]),
      .flip_i(Flip[word]),
      .out_o(want)
  );

  always_comb if (filled_o && 32'(word) < Words) reached : assert (out_o == want);
endmodule
