// SPDX-License-Identifier: BSD-3-Clause
//
// add_halves: twice the sum is twice the rest, and the two numbers by their weights, their parities, and twice all ones
// where both weights are -1.
module prove_add_halves #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0] a_i,
    input logic [Width-1:0] b_i,
    input logic a_on_i,
    input logic b_on_i,
    input logic [Width-1:0] more_i,
    input logic carry_i
);
  logic [Width-1:0] sum_o;
  logic carry_o;
  int a, b, both;

  add_halves #(
      .Width(Width)
  ) i_cell (
      .*
  );
  assign a = a_on_i ? 32'(a_i) : -32'(a_i);
  assign b = b_on_i ? 32'(b_i) : -32'(b_i);
  assign both = a_on_i || b_on_i ? 0 : (1 << Width) - 1;

  always_comb begin
    summed :
    assert (2 * 32'({carry_o, sum_o}) == 2 * (32'(more_i) + 32'(carry_i) + both) + a + b + 32'(a_i ^ b_i));
  end
endmodule
