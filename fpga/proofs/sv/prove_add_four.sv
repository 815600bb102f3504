// SPDX-License-Identifier: BSD-3-Clause
//
// add_four: the sum of four numbers and a carry, in the documented three parts.
module prove_add_four #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [3:0][Width-1:0] bits_i,
    input logic carry_i
);
  logic [Width-1:0] sum_o, keep_o;
  logic carry_o;

  add_four #(.Width(Width)) i_cell (.*);

  always_comb begin
    summed :
    assert (32'(bits_i[0]) + 32'(bits_i[1]) + 32'(bits_i[2]) + 32'(bits_i[3]) + 32'(carry_i) ==
            32'(sum_o) + 2 * 32'(keep_o) + (32'(carry_o) << Width));
  end
endmodule
