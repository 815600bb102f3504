// SPDX-License-Identifier: BSD-3-Clause
//
// choose_half: +-a +-b = 2 * h - (a ^ b) - 2 * (both weights are -1).
module prove_choose_half #(
    parameter int unsigned Count = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Count-1:0] a_i,
    input logic [Count-1:0] b_i,
    input logic [Count-1:0] a_on_i,
    input logic [Count-1:0] b_on_i
);
  logic [Count-1:0] half_o, right;

  choose_half #(
      .Count(Count)
  ) i_cell (
      .*
  );

  always_comb begin
    for (int unsigned g = 0; g < Count; g++) begin
      automatic int a = a_on_i[g] ? 32'(a_i[g]) : -32'(a_i[g]);
      automatic int b = b_on_i[g] ? 32'(b_i[g]) : -32'(b_i[g]);
      right[g] = a + b == 2 * 32'(half_o[g]) - 32'(a_i[g] ^ b_i[g]) - 2 * 32'(!a_on_i[g] && !b_on_i[g]);
    end
    halved : assert (&right);
  end
endmodule
