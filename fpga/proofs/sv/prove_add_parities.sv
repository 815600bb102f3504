// SPDX-License-Identifier: BSD-3-Clause
//
// add_parities: the sum of two parities of two numbers, and a carry.
module prove_add_parities #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0] a_i,
    input logic [Width-1:0] b_i,
    input logic [Width-1:0] c_i,
    input logic [Width-1:0] d_i,
    input logic carry_i
);
  logic [Width-1:0] sum_o;
  logic carry_o;

  add_parities #(
      .Width(Width)
  ) i_cell (
      .*
  );

  always_comb begin
    summed : assert (32'({carry_o, sum_o}) == 32'(a_i ^ b_i) + 32'(c_i ^ d_i) + 32'(carry_i));
  end
endmodule
