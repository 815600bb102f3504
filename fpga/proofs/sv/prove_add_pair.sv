// SPDX-License-Identifier: BSD-3-Clause
//
// add_pair: Count sums of two numbers.
module prove_add_pair #(
    parameter int unsigned Width = 2,
    parameter int unsigned Count = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0][Count-1:0] a_i,
    input logic [Width-1:0][Count-1:0] b_i
);
  logic [Width:0][Count-1:0] sum_o;
  logic [Count-1:0] right;

  add_pair #(
      .Width(Width),
      .Count(Count)
  ) i_cell (
      .*
  );

  always_comb begin
    for (int unsigned g = 0; g < Count; g++) begin
      automatic logic [Width:0] a = '0, b = '0, sum = '0;
      for (int unsigned i = 0; i < Width; i++) {b[i], a[i]} = {b_i[i][g], a_i[i][g]};
      for (int unsigned i = 0; i <= Width; i++) sum[i] = sum_o[i][g];
      right[g] = sum == a + b;
    end
    summed : assert (&right);
  end
endmodule
