// SPDX-License-Identifier: BSD-3-Clause
//
// wrap_activation: every pixel in order, each channel by its own thresholds ("search", "interval") or its own table
// ("table").
module prove_wrap_activation #(
    parameter int unsigned Ch = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 4,
    parameter bit InSigned = 1'b1,
    parameter int unsigned Fold = 0,
    parameter int unsigned OutBits = 2,
    parameter int unsigned ThresholdBits = 4,
    parameter bit Shared = 1'b0,
    parameter int unsigned Style = 0,
    localparam int unsigned Words = Ch / Pe,
    parameter int unsigned MaxLevels = 8,
    localparam int unsigned Latency = Style != 0 ? 1 : MaxLevels < 3 ? 2 * OutBits : OutBits + 1,
    parameter logic [Ch-1:0][(1<<OutBits)-2:0][ThresholdBits-1:0] Thresholds = '0,
    parameter logic [Ch-1:0] Flip = '0,
    parameter logic [Ch-1:0][(1<<InBits)-1:0][OutBits-1:0] Entries = '0
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
  localparam int unsigned Flight = (Latency - 1) / Words + 2;

  logic rst_ni, now_o;
  logic [(Words > 1 ? $clog2(Words) : 1)-1:0] place_o;
  logic [$clog2(Flight+2)-1:0] inside_o;
  logic [Ch-1:0][InBits-1:0] words_o;
  logic [Words-1:0][Pe-1:0][OutBits-1:0] want;

  start i_start (.*);
  wrap_activation #(
      .Ch(Ch),
      .Pe(Pe),
      .InBits(InBits),
      .InSigned(InSigned),
      .Fold(Fold),
      .OutBits(OutBits),
      .ThresholdBits(ThresholdBits),
      .Shared(Shared),
      .Style(Style == 0 ? "search" : Style == 1 ? "table" : "interval"),
      .InitFile("activation"),
      .MaxLevels(MaxLevels)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Pe * InBits),
      .OutWidth(Pe * OutBits),
      .InWords (Words),
      .OutWords(Words),
      .Flight  (Flight),
      .Patience(Latency + 1)
  ) i_follow (
      .*
  );

  for (genvar c = 0; c < Ch; c++) begin : gen_channel
    localparam int unsigned Own = Shared ? 0 : c;
    if (Style == 1) begin : gen_table
      assign want[c/Pe][c%Pe] = Entries[Own][words_o[c]];
    end else begin : gen_thresholds
      staircase_spec #(
          .InBits(InBits),
          .InSigned(InSigned),
          .Fold(Fold),
          .OutBits(OutBits),
          .ThresholdBits(ThresholdBits)
      ) i_spec (
          .m_i(words_o[c]),
          .thresholds_i(Thresholds[Own]),
          .flip_i(Flip[Own]),
          .out_o(want[c/Pe][c%Pe])
      );
    end
  end

  always_comb if (now_o) reached : assert (out_data_o == want[place_o]);
endmodule
