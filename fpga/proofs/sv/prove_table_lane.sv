// SPDX-License-Identifier: BSD-3-Clause
//
// table_lane: the entry of the channel's table at what came in one move ago.
module prove_table_lane #(
    parameter int unsigned Words = 1,
    parameter int unsigned InBits = 4,
    parameter int unsigned OutBits = 2,
    parameter logic [Words-1:0][(1<<InBits)-1:0][OutBits-1:0] Entries = '0,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input logic clk_i,
    input logic move_i,
    input logic [WordBits-1:0] word_i,
    input logic [InBits-1:0] m_i
);
  logic rst_ni, filled_o;
  logic [OutBits-1:0] out_o;
  logic [WordBits-1:0] word;
  logic [InBits-1:0] m;

  start i_start (.*);
  table_lane #(
      .Words(Words),
      .InBits(InBits),
      .OutBits(OutBits),
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

  always_comb if (filled_o && 32'(word) < Words) entry : assert (out_o == Entries[word][m]);
endmodule
