// SPDX-License-Identifier: BSD-3-Clause
//
// select_pair: of two numbers whose sum is given, those that are on, added.
module prove_select_pair #(
    parameter int unsigned Width = 2,
    parameter int unsigned Count = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0][Count-1:0] a_i,
    input logic [Width-1:0][Count-1:0] b_i,
    input logic [Count-1:0] a_on_i,
    input logic [Count-1:0] b_on_i
);
  logic [Width:0][Count-1:0] both_i, sum_o;
  logic [Count-1:0] right;

  select_pair #(
      .Width(Width),
      .Count(Count)
  ) i_cell (
      .*
  );

  always_comb begin
    for (int unsigned g = 0; g < Count; g++) begin
      automatic logic [Width:0] a = '0, b = '0, both, sum = '0;
      for (int unsigned i = 0; i < Width; i++) {b[i], a[i]} = {b_i[i][g], a_i[i][g]};
      both = a + b;
      for (int unsigned i = 0; i <= Width; i++) both_i[i][g] = both[i];
      for (int unsigned i = 0; i <= Width; i++) sum[i] = sum_o[i][g];
      right[g] = sum == (a_on_i[g] ? a : '0) + (b_on_i[g] ? b : '0);
    end
    summed : assert (&right);
  end
endmodule
