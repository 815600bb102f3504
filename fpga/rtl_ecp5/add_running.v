// SPDX-License-Identifier: BSD-3-Clause
//
// add_running on an ECP5: a carry chain, whose tables have room for how the sum begins.
module add_running #(
    parameter Width = 1
) (
    input  [Width-1:0] term_i,
    input  [Width-1:0] sum_i,
    input              keep_i,
    input  [Width-1:0] start_i,
    output [Width-1:0] sum_o
);
  carry_chain #(
      .Width(Width)
  ) i_chain (
      .a_i(term_i),
      .b_i(sum_i),
      .keep_i(keep_i),
      .or_i(start_i),
      .enter_i(2'b00),
      .sum_o(sum_o)
  );
endmodule
