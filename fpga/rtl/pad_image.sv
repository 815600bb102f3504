// SPDX-License-Identifier: BSD-3-Clause
//
// Zeros around an image: Top, Left, Bottom and Right pixels, of Words words each, around its Height x Columns. One word
// a cycle, latency 1. in_ready_o depends on out_ready_i, but on nothing else of the cycle.
module pad_image #(
    parameter int unsigned Width = 8,
    parameter int unsigned Words = 1,
    parameter int unsigned Height = 1,
    parameter int unsigned Columns = 1,
    parameter int unsigned Top = 0,
    parameter int unsigned Left = 0,
    parameter int unsigned Bottom = 0,
    parameter int unsigned Right = 0
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic [Width-1:0] in_data_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    output logic [Width-1:0] out_data_o,
    output logic             out_valid_o,
    input  logic             out_ready_i
);
  if (Width < 1 || Words < 1 || Height < 1 || Columns < 1) begin : gen_check_size
    $error("pad_image: %0d x %0d pixels of %0d words of %0d bits, expected at least 1 of each", Height, Columns, Words,
           Width);
  end

  localparam int unsigned Wide = Left + Columns + Right;
  localparam int unsigned High = Top + Height + Bottom;

  // given_q: the word that is next is the image's. The counters are a word ahead of it.
  logic [Width-1:0] out_q;
  logic pixel, row, unused, inside_columns, inside_rows, given_q, free, step, out_valid_q;

  assign free = !out_valid_q || out_ready_i;
  assign step = free && (in_valid_i || !given_q);
  assign in_ready_o = free && given_q;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  step_counter #(
      .Count(Words),
      .Start(Words > 1 ? 1 : 0)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i(step),
      .last_o(pixel)
  );
  span_counter #(
      .Before(Left),
      .Inside(Columns),
      .After (Right),
      .Start (Words == 1 && Wide > 1 ? 1 : 0)
  ) i_columns (
      .clk_i,
      .rst_ni,
      .step_i  (step && pixel),
      .inside_o(inside_columns),
      .last_o  (row)
  );
  span_counter #(
      .Before(Top),
      .Inside(Height),
      .After (Bottom),
      .Start (Words == 1 && Wide == 1 && High > 1 ? 1 : 0)
  ) i_rows (
      .clk_i,
      .rst_ni,
      .step_i  (step && pixel && row),
      .inside_o(inside_rows),
      .last_o  (unused)
  );

  always_ff @(posedge clk_i) begin
    if (free) out_q <= given_q ? in_data_i : '0;
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (free) out_valid_q <= in_valid_i || !given_q;
    if (!rst_ni) given_q <= Top == 0 && Left == 0;
    else if (step) given_q <= inside_columns && inside_rows;
  end
endmodule
