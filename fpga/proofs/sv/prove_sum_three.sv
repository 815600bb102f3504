// SPDX-License-Identifier: BSD-3-Clause
//
// sum_three: the sum of three numbers, and two carries, inverted as Invert and InvertIn say, but for what the highest
// column keeps.
module prove_sum_three #(
    parameter int unsigned Width = 1,
    parameter logic [2:0][Width-1:0] Invert = '0,
    parameter logic [1:0] InvertIn = '0
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [2:0][Width-1:0] bits_i,
    input logic [1:0] carries_i
);
  logic [2:0][Width-1:0] bits;
  logic [Width-1:0] sum_o;
  logic [1:0] carries;
  logic carry_o, kept;

  sum_three #(
      .Width (Width),
      .Invert(Invert),
      .InvertIn(InvertIn)
  ) i_cell (
      .*
  );
  assign bits = bits_i ^ Invert;
  assign carries = carries_i ^ InvertIn;
  assign kept = 32'(bits[0][Width-1]) + 32'(bits[1][Width-1]) + 32'(bits[2][Width-1]) > 1;

  always_comb begin
    summed :
    assert (32'(bits[0]) + 32'(bits[1]) + 32'(bits[2]) + 32'(carries[0]) + 32'(carries[1]) ==
            32'({carry_o, sum_o}) + (32'(kept) << Width));
  end
endmodule
