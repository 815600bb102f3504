// SPDX-License-Identifier: BSD-3-Clause
//
// window_sum: of Pixels pixels one, the sum of each channel.
module prove_window_sum #(
    parameter int unsigned Ch = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned Pixels = 2,
    parameter int unsigned InBits = 1,
    parameter int unsigned OutBits = 2,
    localparam int unsigned Words = Ch / Pe
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Pe*InBits-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Pe*OutBits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, now_o;
  logic [Words > 1 ? $clog2(Words)-1 : 0:0] place_o;
  logic [1:0] inside_o;
  logic [Pe*OutBits-1:0] want;
  logic [Pixels-1:0][Words-1:0][Pe*InBits-1:0] words_o;

  start i_start (.*);
  window_sum #(
      .Ch(Ch),
      .Pe(Pe),
      .Pixels(Pixels),
      .InBits(InBits),
      .OutBits(OutBits)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Pe * InBits),
      .OutWidth(Pe * OutBits),
      .InWords (Pixels * Words),
      .OutWords(Words),
      .Flight  (2),
      .Patience(1)
  ) i_follow (
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned p = 0; p < Pe; p++) begin
      for (int unsigned i = 0; i < Pixels; i++) begin
        want[p*OutBits+:OutBits] += OutBits'(words_o[i][place_o][p*InBits+:InBits]);
      end
    end
    if (now_o) sum : assert (out_data_o == want);
  end
endmodule
