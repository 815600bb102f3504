// SPDX-License-Identifier: BSD-3-Clause
//
// count_six: $countones of each six bits.
module prove_count_six #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [5:0][Width-1:0] bits_i
);
  logic [2:0][Width-1:0] count_o;

  count_six #(.Width(Width)) i_cell (.*);

  logic [Width-1:0] right;

  always_comb begin
    for (int unsigned g = 0; g < Width; g++) begin
      right[g] = {count_o[2][g], count_o[1][g], count_o[0][g]} ==
          3'($countones({bits_i[5][g], bits_i[4][g], bits_i[3][g], bits_i[2][g], bits_i[1][g], bits_i[0][g]}));
    end
    counted : assert (&right);
  end
endmodule
