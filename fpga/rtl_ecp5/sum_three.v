// SPDX-License-Identifier: BSD-3-Clause
//
// sum_three on an ECP5: two carry chains. What leaves them is what the highest column keeps, and carry_o.
module sum_three #(
    parameter Width = 1,
    parameter [3*Width-1:0] Invert = 0,
    parameter [1:0] InvertIn = 0
) (
    input  [3*Width-1:0] bits_i,
    input  [1:0]         carries_i,
    output [Width-1:0]   sum_o,
    output               carry_o
);
  wire [Width-1:0] two;
  wire [1:0] out;
  wire [2:0] top;

  carry_chain #(
      .Width(Width),
      .Invert(Invert[2*Width-1:Width]),
      .InvertIn(InvertIn[1])
  ) i_two (
      .a_i(bits_i[Width-1:0] ^ Invert[Width-1:0]),
      .b_i(bits_i[2*Width-1:Width]),
      .keep_i(1'b1),
      .or_i({Width{1'b0}}),
      .enter_i({2{carries_i[1]}}),
      .sum_o(two),
      .carry_o(out[0])
  );
  carry_chain #(
      .Width(Width),
      .Invert(Invert[3*Width-1:2*Width]),
      .InvertIn(InvertIn[0])
  ) i_three (
      .a_i(two),
      .b_i(bits_i[3*Width-1:2*Width]),
      .keep_i(1'b1),
      .or_i({Width{1'b0}}),
      .enter_i({2{carries_i[0]}}),
      .sum_o(sum_o),
      .carry_o(out[1])
  );

  assign top = {bits_i[3*Width-1], bits_i[2*Width-1], bits_i[Width-1]} ^
               {Invert[3*Width-1], Invert[2*Width-1], Invert[Width-1]};
  assign carry_o = ^out ^ ((top[0] & top[1]) | (top[2] & (top[0] | top[1])));
endmodule
