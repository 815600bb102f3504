// SPDX-License-Identifier: BSD-3-Clause
//
// sign_gate: number times -1, 0 or 1, and 2^Width - 1 more where neg_i.
module prove_sign_gate #(
    parameter int unsigned Width = 2,
    parameter int unsigned Count = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0][Count-1:0] x_i,
    input logic [Count-1:0] on_i,
    input logic [Count-1:0] neg_i
);
  logic [Width-1:0][Count-1:0] product_o;
  logic [Count-1:0] right;

  sign_gate #(
      .Width(Width),
      .Count(Count)
  ) i_cell (
      .*
  );

  always_comb begin
    for (int unsigned p = 0; p < Count; p++) begin
      automatic logic signed [31:0] x = '0, product = '0;
      for (int unsigned i = 0; i < Width; i++) {product[i], x[i]} = {product_o[i][p], x_i[i][p]};
      right[p] = product == (on_i[p] ? (neg_i[p] ? -x : x) : 0) + (neg_i[p] ? (1 << Width) - 1 : 0);
    end
    multiplied : assert (&right);
  end
endmodule
