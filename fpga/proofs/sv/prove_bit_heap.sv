// SPDX-License-Identifier: BSD-3-Clause
//
// bit_heap: the four rows add up to what the bits do, mod 2^Columns.
module prove_bit_heap #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Columns-1:0][Tall-1:0] given_i
);
  logic [Columns-1:0][Tall-1:0] bits_i;
  logic [3:0][Columns-1:0] rows_o;
  logic [Columns-1:0] want;

  bit_heap #(
      .Columns(Columns),
      .Tall(Tall),
      .Heights(Heights)
  ) i_cell (
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned c = 0; c < Columns; c++) begin
      bits_i[c] = given_i[c] & ~('1 << Heights[c]);
      want += Columns'($countones(bits_i[c])) << c;
    end
    summed : assert (rows_o[0] + rows_o[1] + rows_o[2] + rows_o[3] == want);
  end
endmodule
