// SPDX-License-Identifier: BSD-3-Clause
//
// sub_gated on an ECP5: a carry chain, whose tables have room for on_i.
module sub_gated #(
    parameter Width = 1
) (
    input  [Width-1:0] a_i,
    input  [Width-1:0] b_i,
    input              on_i,
    output [Width-1:0] diff_o
);
  carry_chain #(
      .Width(Width),
      .Subtract(1)
  ) i_chain (
      .a_i(a_i),
      .b_i(b_i),
      .keep_i(on_i),
      .or_i({Width{1'b1}}),
      .enter_i(2'b11),
      .sum_o(diff_o)
  );
endmodule
