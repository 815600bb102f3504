// SPDX-License-Identifier: BSD-3-Clause
//
// wrap_dot: the dot product of the inputs and weights as many moves ago as there are levels, mod 2^SumBits,
// with the constant that the cell's head names.
module prove_wrap_dot #(
    parameter int unsigned Simd = 1,
    parameter int unsigned InBits = 1,
    parameter int unsigned WeightBits = 2,
    parameter int unsigned SumBits = 2
) (
    input logic clk_i,
    input logic move_i,
    input logic [InBits-1:0][Simd-1:0] x_i,
    input logic [WeightBits-1:0][Simd-1:0] w_i
);
  localparam logic [SumBits-1:0] Surplus = SumBits'(Simd * (1 << (WeightBits - 1)) * ((1 << InBits) - 1));

  logic rst_ni, filled_o;
  logic [1:0][SumBits-1:0] rows_o;
  logic [SumBits-1:0] want;
  logic [InBits-1:0][Simd-1:0] x;
  logic [WeightBits-1:0][Simd-1:0] w;

  start i_start (.*);
  wrap_dot #(
      .Simd(Simd),
      .InBits(InBits),
      .WeightBits(WeightBits),
      .SumBits(SumBits)
  ) i_cell (
      .*
  );
  delayed #(
      .Width  (Simd * (InBits + WeightBits)),
      .Latency(heap_pkg::levels(Simd, InBits, WeightBits))
  ) i_delayed (
      .now_i ({w_i, x_i}),
      .then_o({w, x}),
      .*
  );

  always_comb begin
    want = Surplus;
    for (int unsigned s = 0; s < Simd; s++) begin
      automatic logic [InBits-1:0] value;
      automatic logic signed [WeightBits-1:0] weight;
      for (int unsigned b = 0; b < InBits; b++) value[b] = x[b][s];
      for (int unsigned b = 0; b < WeightBits; b++) weight[b] = w[b][s];
      want += SumBits'(32'(weight) * 32'(value));
    end
    if (filled_o) summed : assert (rows_o[0] + rows_o[1] == want);
  end
endmodule
