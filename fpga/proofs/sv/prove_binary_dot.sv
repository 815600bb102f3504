// SPDX-License-Identifier: BSD-3-Clause
//
// binary_dot: twice its sum is the product of inputs and weights, the sum of the pairs' parities, and twice all ones for
// each pair of weights of -1, mod 2^(SumBits+1), as many moves ago as there are levels; with All its sum is that of the
// parities mod 2^SumBits.
module prove_binary_dot #(
    parameter int unsigned Simd = 2,
    parameter int unsigned InBits = 1,
    parameter int unsigned SumBits = 2,
    parameter bit All = 1'b0,
    parameter bit Cut = 1'b0
) (
    input logic clk_i,
    input logic move_i,
    input logic [InBits-1:0][Simd-1:0] x_i,
    input logic [Simd-1:0] w_i
);
  localparam int unsigned Pairs = (Simd + 1) / 2;

  logic rst_ni, filled_o;
  logic [1:0][SumBits-1:0] rows_o;
  logic [SumBits-1:0] sum;
  logic [SumBits:0] want, parities;
  logic [InBits-1:0][Simd-1:0] x;
  logic [Simd-1:0] w;

  start i_start (.*);
  binary_dot #(
      .Simd(Simd),
      .InBits(InBits),
      .SumBits(SumBits),
      .All(All),
      .Cut(Cut)
  ) i_cell (
      .*
  );
  delayed #(
      .Width  (Simd * (InBits + 1)),
      .Latency(heap_pkg::binary_levels(Simd, InBits) + 32'(Cut))
  ) i_delayed (
      .now_i ({w_i, x_i}),
      .then_o({w, x}),
      .*
  );

  assign sum = rows_o[0] + rows_o[1];

  always_comb begin
    want = '0;
    parities = '0;
    for (int unsigned s = 0; s < Pairs; s++) begin
      automatic logic [InBits-1:0] a = '0, b = '0;
      automatic logic b_on = 1'b1;
      for (int unsigned i = 0; i < InBits; i++) begin
        a[i] = x[i][s];
        if (s + Pairs < Simd) b[i] = x[i][s+Pairs];
      end
      if (s + Pairs < Simd) b_on = w[s+Pairs];
      want += (SumBits + 1)'(w[s] ? 32'(a) : -32'(a)) + (SumBits + 1)'(b_on ? 32'(b) : -32'(b));
      if (!w[s] && !b_on) want += (SumBits + 1)'((2 << InBits) - 2);
      parities += (SumBits + 1)'(a ^ b);
    end
    if (filled_o) begin
      summed : assert (All ? sum == SumBits'(parities) : {sum, 1'b0} == want + parities);
    end
  end
endmodule
