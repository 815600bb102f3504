// SPDX-License-Identifier: BSD-3-Clause
//
// heap_sum: the sum of the bits three moves ago, mod 2^Columns.
module prove_heap_sum #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0
) (
    input logic clk_i,
    input logic move_i,
    input logic [Columns-1:0][Tall-1:0] given_i
);
  logic rst_ni, filled_o;
  logic [Columns-1:0][Tall-1:0] bits_i, then_o;
  logic [Columns-1:0] sum_o, want;

  start i_start (.*);
  heap_sum #(
      .Columns(Columns),
      .Tall(Tall),
      .Heights(Heights)
  ) i_cell (
      .*
  );
  delayed #(
      .Width  (Columns * Tall),
      .Latency(3)
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
    if (filled_o) summed : assert (sum_o == want);
  end
endmodule
