// SPDX-License-Identifier: BSD-3-Clause
//
// fold_value: the fold's definition, for every m.
module prove_fold_value #(
    parameter int unsigned Bits = 8,
    parameter int unsigned Fold = 3
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Bits-1:0] m_i
);
  logic [Bits-1:0] f_o, want;

  fold_value #(
      .Bits(Bits),
      .Fold(Fold)
  ) i_cell (
      .*
  );
  fold_spec #(
      .Bits(Bits),
      .Fold(Fold)
  ) i_spec (
      .m_i,
      .f_o(want)
  );

  always_comb folded : assert (f_o == want);
endmodule
