// SPDX-License-Identifier: BSD-3-Clause
//
// count_three: $countones of each three products, inverted as Invert says.
module prove_count_three #(
    parameter int unsigned Width = 1,
    parameter logic [2:0][Width-1:0] Invert = '0
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [2:0][Width-1:0] a_i,
    input logic [2:0][Width-1:0] b_i
);
  logic [1:0][Width-1:0] count_o;
  logic [2:0][Width-1:0] product;
  logic [Width-1:0] right;

  count_three #(
      .Width (Width),
      .Invert(Invert)
  ) i_cell (
      .*
  );
  assign product = (a_i & b_i) ^ Invert;

  always_comb begin
    for (int unsigned g = 0; g < Width; g++) begin
      right[g] = {count_o[1][g], count_o[0][g]} == 2'($countones({product[2][g], product[1][g], product[0][g]}));
    end
    counted : assert (&right);
  end
endmodule
