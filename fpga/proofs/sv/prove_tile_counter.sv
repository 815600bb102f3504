// SPDX-License-Identifier: BSD-3-Clause
//
// tile_counter: by plain counts of words, columns and rows, where the word of the next step lies.
module prove_tile_counter #(
    parameter int unsigned Height = 2,
    parameter int unsigned Columns = 2,
    parameter int unsigned Kh = 2,
    parameter int unsigned Kw = 2,
    parameter int unsigned Cf = 1
) (
    input logic clk_i,
    input logic step_i
);
  localparam int unsigned Stride = 1 << $clog2(Cf);
  localparam int unsigned Places = ((Columns + Kw - 1) / Kw - 1) * Stride + lfsr_pkg::places(Cf);

  logic rst_ni, first_o, complete_o, stays_o;
  logic [(Places > 1 ? $clog2(Places) : 1)-1:0] place_o;
  logic [Cf-1:0][7:0] order;
  logic [7:0] word_q, column_q, row_q, word, column, place, place_after;

  start i_start (.*);
  tile_counter #(
      .Height (Height),
      .Columns(Columns),
      .Kh     (Kh),
      .Kw     (Kw),
      .Cf     (Cf)
  ) i_cell (
      .*
  );

  assign word = word_q == 8'(Cf - 1) ? 8'd0 : word_q + 8'd1;
  assign column = word_q != 8'(Cf - 1) ? column_q : column_q == 8'(Columns - 1) ? 8'd0 : column_q + 8'd1;
  // A window's words lie in the order of a place_counter, whose proof says that each has a place of its own.
  for (genvar i = 0; i < Cf; i++) begin : gen_word
    assign order[i] = Cf > 1 ? 8'(lfsr_pkg::at($clog2(Cf), Cf, i)) : 8'd0;
  end
  assign place = column_q / 8'(Kw) * 8'(Stride) + order[word_q];
  assign place_after = column / 8'(Kw) * 8'(Stride) + order[word];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      word_q <= '0;
      column_q <= '0;
      row_q <= '0;
    end else if (step_i) begin
      word_q <= word;
      column_q <= column;
      if (word == '0 && column == '0) row_q <= row_q == 8'(Height - 1) ? '0 : row_q + 1'b1;
    end
  end

  always_comb begin
    if (rst_ni) begin
      where : assert (8'(place_o) == place);
      first : assert (first_o == (row_q % 8'(Kh) == 0 && column_q % 8'(Kw) == 0));
      complete : assert (complete_o == (row_q % 8'(Kh) == 8'(Kh - 1) && column_q % 8'(Kw) == 8'(Kw - 1)));
      stays : assert (stays_o == (place_after == place));
    end
  end
endmodule
