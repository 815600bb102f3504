// SPDX-License-Identifier: BSD-3-Clause
//
// sub_gated: the difference where on_i, else the first number.
module prove_sub_gated #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0] a_i,
    input logic [Width-1:0] b_i,
    input logic on_i
);
  logic [Width-1:0] diff_o;

  sub_gated #(.Width(Width)) i_cell (.*);

  always_comb differs : assert (on_i ? Width'(diff_o + b_i) == a_i : diff_o == a_i);
endmodule
