// SPDX-License-Identifier: BSD-3-Clause
//
// pad_image: zeros in the padding, and every word of the image once, in order, in its place between them.
module prove_pad_image #(
    parameter int unsigned Width = 1,
    parameter int unsigned Words = 1,
    parameter int unsigned Height = 1,
    parameter int unsigned Columns = 1,
    parameter int unsigned Top = 0,
    parameter int unsigned Left = 0,
    parameter int unsigned Bottom = 0,
    parameter int unsigned Right = 0
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Width-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  localparam int unsigned Wide = Left + Columns + Right;
  localparam int unsigned High = Top + Height + Bottom;

  logic rst_ni, place_o, now_o, real_word;
  logic [1:0] inside_o;
  logic [Width-1:0] words_o;
  // The word that the output has, or has next.
  logic [7:0] word_q, x_q, y_q;

  start i_start (.*);
  pad_image #(
      .Width(Width),
      .Words(Words),
      .Height(Height),
      .Columns(Columns),
      .Top(Top),
      .Left(Left),
      .Bottom(Bottom),
      .Right(Right)
  ) i_cell (
      .*
  );
  // Of the output, the image's words alone.
  follow #(
      .InWidth (Width),
      .OutWidth(Width),
      .Flight  (1),
      .Patience(Words * (Wide * (Top + Bottom) + Left + Right) + 1)
  ) i_follow (
      .out_valid_o(out_valid_o && real_word),
      .*
  );

  assign real_word = x_q >= 8'(Left) && x_q < 8'(Left + Columns) && y_q >= 8'(Top) && y_q < 8'(Top + Height);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      word_q <= '0;
      x_q <= '0;
      y_q <= '0;
    end else if (out_valid_o && out_ready_i) begin
      word_q <= word_q == 8'(Words - 1) ? '0 : word_q + 1'b1;
      if (word_q == 8'(Words - 1)) begin
        x_q <= x_q == 8'(Wide - 1) ? '0 : x_q + 1'b1;
        if (x_q == 8'(Wide - 1)) y_q <= y_q == 8'(High - 1) ? '0 : y_q + 1'b1;
      end
    end
  end

  always_comb begin
    if (now_o) same : assert (out_data_o == words_o);
    if (rst_ni && out_valid_o && !real_word) zero : assert (out_data_o == '0);
  end
endmodule
