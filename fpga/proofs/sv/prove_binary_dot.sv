// SPDX-License-Identifier: BSD-3-Clause
//
// binary_dot: the sum mod 2^SumBits of the inputs whose weight was 1, as many moves ago as there are levels.
module prove_binary_dot #(
    parameter int unsigned Simd = 2,
    parameter int unsigned InBits = 1,
    parameter int unsigned SumBits = 2,
    parameter bit All = 1'b0,
    parameter bit Cut = 1'b0,
    localparam int unsigned Pairs = Simd > 1 ? Simd / 2 : 1
) (
    input logic clk_i,
    input logic move_i,
    input logic [InBits-1:0][Simd-1:0] x_i,
    input logic [Simd-1:0] given_i
);
  logic rst_ni, filled_o;
  logic [InBits:0][Pairs-1:0] pairs_i;
  logic [1:0][SumBits-1:0] rows_o;
  logic [SumBits-1:0] want;
  logic [InBits-1:0][Simd-1:0] x;
  logic [Simd-1:0] w_i, w;

  assign w_i = All ? '1 : given_i;

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
      .Latency(heap_pkg::binary_levels(Simd) + 32'(Cut))
  ) i_delayed (
      .now_i ({w_i, x_i}),
      .then_o({w, x}),
      .*
  );

  always_comb begin
    pairs_i = '0;
    for (int unsigned g = 0; g < Simd / 2; g++) begin
      automatic logic [InBits:0] a = '0, b = '0;
      for (int unsigned i = 0; i < InBits; i++) {b[i], a[i]} = {x_i[i][g+Simd/2], x_i[i][g]};
      a += b;
      for (int unsigned i = 0; i <= InBits; i++) pairs_i[i][g] = a[i];
    end
    want = '0;
    for (int unsigned s = 0; s < Simd; s++) begin
      automatic logic [InBits-1:0] value;
      for (int unsigned i = 0; i < InBits; i++) value[i] = x[i][s];
      if (w[s]) want += SumBits'(value);
    end
    if (filled_o) summed : assert (rows_o[0] + rows_o[1] == want);
  end
endmodule
