// SPDX-License-Identifier: BSD-3-Clause
//
// bit_heap (Cell 0), heap_sum (1) and adder_tree (2): the two rows, or the one, add up to what the bits did Levels moves
// ago, mod 2^Columns.
module prove_bit_heap #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,
    parameter int unsigned Levels = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0,
    parameter int unsigned Cell = 0
) (
    input logic clk_i,
    input logic move_i,
    input logic [Columns-1:0][Tall-1:0] given_i
);
  logic rst_ni, filled_o;
  logic [Columns-1:0][Tall-1:0] bits_i, then_o;
  logic [1:0][Columns-1:0] rows_o;
  logic [Columns-1:0] want;

  start i_start (.*);
  if (Cell == 1) begin : gen_sum
    heap_sum #(
        .Columns(Columns),
        .Tall(Tall),
        .Levels(Levels),
        .Heights(Heights)
    ) i_cell (
        .*
    );
  end else if (Cell == 2) begin : gen_tree
    adder_tree #(
        .Columns(Columns),
        .Tall(Tall),
        .Levels(Levels),
        .Heights(Heights)
    ) i_cell (
        .row_o(rows_o[0]),
        .*
    );
    assign rows_o[1] = '0;
  end else begin : gen_heap
    bit_heap #(
        .Columns(Columns),
        .Tall(Tall),
        .Levels(Levels),
        .Heights(Heights)
    ) i_cell (
        .*
    );
  end
  delayed #(
      .Width  (Columns * Tall),
      .Latency(Levels)
  ) i_delayed (
      .now_i(bits_i),
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned c = 0; c < Columns; c++) begin
      bits_i[c] = given_i[c] & ~('1 << Heights[c]);
      want += Columns'($countones(then_o[c])) << c;
    end
    if (filled_o) summed : assert (rows_o[0] + rows_o[1] == want);
  end
endmodule
