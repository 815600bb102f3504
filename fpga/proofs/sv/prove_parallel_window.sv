// SPDX-License-Identifier: BSD-3-Clause
//
// parallel_window: of an image, its windows in order, each pixel in its place.
module prove_parallel_window #(
    parameter int unsigned Width = 1,
    parameter int unsigned Words = 1,
    parameter int unsigned Rows = 3,
    parameter int unsigned Columns = 3,
    parameter int unsigned Kh = 2,
    parameter int unsigned Kw = 2,
    parameter int unsigned StrideH = 1,
    parameter int unsigned StrideW = 1,
    parameter int unsigned DilationH = 1,
    parameter int unsigned DilationW = 1,
    localparam int unsigned Down = (Rows - (Kh - 1) * DilationH - 1) / StrideH + 1,
    localparam int unsigned Across = (Columns - (Kw - 1) * DilationW - 1) / StrideW + 1,
    localparam int unsigned Given = Down * Across * Words
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Kh*Kw*Width-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, now_o;
  logic [(Given > 1 ? $clog2(Given) : 1)-1:0] place_o;
  logic [1:0] inside_o;
  logic [Rows-1:0][Columns-1:0][Words-1:0][Width-1:0] words_o;
  logic [Given-1:0][Kh-1:0][Kw-1:0][Width-1:0] want;

  start i_start (.*);
  parallel_window #(
      .Width(Width),
      .Words(Words),
      .Rows(Rows),
      .Columns(Columns),
      .Kh(Kh),
      .Kw(Kw),
      .StrideH(StrideH),
      .StrideW(StrideW),
      .DilationH(DilationH),
      .DilationW(DilationW)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Width),
      .OutWidth(Kh * Kw * Width),
      .InWords (Rows * Columns * Words),
      .OutWords(Given),
      .Flight  (2),
      .Patience(1)
  ) i_follow (
      .*
  );

  always_comb begin
    for (int unsigned i = 0; i < Given; i++) begin
      for (int unsigned y = 0; y < Kh; y++) begin
        for (int unsigned x = 0; x < Kw; x++) begin
          want[i][y][x] = words_o[i/Words/Across*StrideH+y*DilationH][i/Words%Across*StrideW+x*DilationW][i%Words];
        end
      end
    end
    if (now_o) pixels : assert (out_data_o == want[place_o]);
  end
endmodule
