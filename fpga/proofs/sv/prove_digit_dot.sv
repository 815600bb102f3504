// SPDX-License-Identifier: BSD-3-Clause
//
// digit_dot: the dot product of the inputs and weights as many moves ago as there are levels, mod 2^SumBits, with the
// constants that the cell's head names.
module prove_digit_dot #(
    parameter int unsigned Simd = 1,
    parameter int unsigned InBits = 1,
    parameter int unsigned WeightBits = 2,
    parameter bit Ternary = 1'b1,
    parameter int unsigned SumBits = 2
) (
    input logic clk_i,
    input logic move_i,
    input logic [InBits-1:0][Simd-1:0] x_i,
    input logic [WeightBits-1:0][Simd-1:0] w_i
);
  logic rst_ni, filled_o;
  logic [1:0][SumBits-1:0] rows_o;
  logic [SumBits-1:0] want;
  logic [InBits-1:0][Simd-1:0] x;
  logic [WeightBits-1:0][Simd-1:0] w;

  start i_start (.*);
  digit_dot #(
      .Simd(Simd),
      .InBits(InBits),
      .WeightBits(WeightBits),
      .Ternary(Ternary),
      .SumBits(SumBits)
  ) i_cell (
      .*
  );
  delayed #(
      .Width  (Simd * (InBits + WeightBits)),
      .Latency(heap_pkg::digit_levels(Simd, InBits, WeightBits, Ternary))
  ) i_delayed (
      .now_i ({w_i, x_i}),
      .then_o({w, x}),
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned s = 0; s < Simd; s++) begin
      automatic logic [InBits-1:0] value;
      automatic logic signed [WeightBits-1:0] weight;
      for (int unsigned b = 0; b < InBits; b++) value[b] = x[b][s];
      for (int unsigned b = 0; b < WeightBits; b++) weight[b] = w[b][s];
      if (Ternary) begin
        if (weight[0]) want += weight[1] ? -SumBits'(value) : SumBits'(value);
        if (weight[1]) want += SumBits'((1 << InBits) - 1);
      end else begin
        want += SumBits'(32'(weight) * 32'(value));
        for (int unsigned b = 0; b < WeightBits; b += 2) begin
          if (weight[b+1<WeightBits?b+1 : b]) want += SumBits'(((2 << InBits) - 1) << b);
        end
      end
    end
    if (filled_o) summed : assert (rows_o[0] + rows_o[1] == want);
  end
endmodule
