// SPDX-License-Identifier: BSD-3-Clause
//
// pool_max, or with Ahead pool_ahead: of an image one, the greatest of each window, lane by lane; what fills no window is left out.
module prove_pool_max #(
    parameter int unsigned Height = 2,
    parameter int unsigned Columns = 2,
    parameter int unsigned Kh = 2,
    parameter int unsigned Kw = 2,
    parameter int unsigned Ch = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 1,
    parameter bit Ahead = 1'b0,
    localparam int unsigned Cf = Ch / Pe,
    localparam int unsigned Down = Height / Kh,
    localparam int unsigned Across = Columns / Kw,
    localparam int unsigned Out = Down * Across * Cf
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Pe*Bits-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Pe*Bits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, now_o;
  logic [(Out > 1 ? $clog2(Out) : 1)-1:0] place_o;
  logic [1:0] inside_o;
  logic [Height-1:0][Columns-1:0][Cf-1:0][Pe-1:0][Bits-1:0] words_o;
  logic [Down-1:0][Across-1:0][Cf-1:0][Pe-1:0][Bits-1:0] want;
  logic [Out-1:0][Pe*Bits-1:0] wants;

  start i_start (.*);
  if (Ahead) begin : gen_ahead
    pool_ahead #(
        .Height(Height),
        .Columns(Columns),
        .Kh(Kh),
        .Kw(Kw),
        .Ch(Ch),
        .Pe(Pe),
        .Bits(Bits)
    ) i_cell (
        .*
    );
  end else begin : gen_max
    pool_max #(
        .Height(Height),
        .Columns(Columns),
        .Kh(Kh),
        .Kw(Kw),
        .Ch(Ch),
        .Pe(Pe),
        .Bits(Bits)
    ) i_cell (
        .*
    );
  end
  follow #(
      .InWidth (Pe * Bits),
      .OutWidth(Pe * Bits),
      .InWords (Height * Columns * Cf),
      .OutWords(Out),
      .Flight  (2),
      .Patience(1)
  ) i_follow (
      .*
  );

  assign wants = want;

  always_comb begin
    want = '0;
    for (int unsigned y = 0; y < Down * Kh; y++) begin
      for (int unsigned x = 0; x < Across * Kw; x++) begin
        for (int unsigned c = 0; c < Cf; c++) begin
          for (int unsigned p = 0; p < Pe; p++) begin
            if (words_o[y][x][c][p] > want[y/Kh][x/Kw][c][p]) want[y/Kh][x/Kw][c][p] = words_o[y][x][c][p];
          end
        end
      end
    end
    if (now_o) greatest : assert (out_data_o == wants[place_o]);
  end
endmodule
