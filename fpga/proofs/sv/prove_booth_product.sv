// SPDX-License-Identifier: BSD-3-Clause
//
// booth_product: the digits' products, 4^d apart, make up number times weight, and 2^(Width+1) - 1 more for each of the
// weight's odd bits (its sign, where that is even), one of digit d weighing 4^d.
module prove_booth_product #(
    parameter int unsigned Width = 2,
    parameter int unsigned WeightBits = 4,
    parameter int unsigned Count = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0][Count-1:0] x_i,
    input logic [WeightBits-1:0][Count-1:0] w_i
);
  localparam int unsigned Digits = (WeightBits + 1) / 2;

  logic [Digits-1:0][Width:0][Count-1:0] product_o;
  logic [Count-1:0] right;

  booth_product #(
      .Width(Width),
      .WeightBits(WeightBits),
      .Count(Count)
  ) i_cell (
      .*
  );

  always_comb begin
    for (int unsigned p = 0; p < Count; p++) begin
      automatic logic signed [31:0] x = '0, sum = '0, more = '0;
      automatic logic signed [WeightBits-1:0] weight;
      for (int unsigned i = 0; i < Width; i++) x[i] = x_i[i][p];
      for (int unsigned b = 0; b < WeightBits; b++) weight[b] = w_i[b][p];
      for (int unsigned d = 0; d < Digits; d++) begin
        for (int unsigned i = 0; i <= Width; i++) if (product_o[d][i][p]) sum += 1 << (2 * d + i);
        if (weight[2*d+1<WeightBits?2*d+1 : WeightBits-1]) more += ((2 << Width) - 1) << (2 * d);
      end
      right[p] = sum == 32'(weight) * x + more;
    end
    multiplied : assert (&right);
  end
endmodule
