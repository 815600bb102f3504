// SPDX-License-Identifier: BSD-3-Clause
//
// add_two: the sum of two numbers, and no carry lost.
module prove_add_two #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0] a_i,
    input logic [Width-1:0] b_i
);
  logic [Width-1:0] sum_o;
  logic carry_o;

  add_two #(.Width(Width)) i_cell (.*);

  always_comb summed : assert (32'({carry_o, sum_o}) == 32'(a_i) + 32'(b_i));
endmodule
