// SPDX-License-Identifier: BSD-3-Clause
//
// add_three: the sum of three numbers mod 2^Width, the third with start_i put into it.
module prove_add_three #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [2:0][Width-1:0] bits_i,
    input logic [Width-1:0] start_i
);
  logic [Width-1:0] sum_o;

  add_three #(.Width(Width)) i_cell (.*);

  always_comb summed : assert (sum_o == bits_i[0] + bits_i[1] + (bits_i[2] | start_i));
endmodule
