// SPDX-License-Identifier: BSD-3-Clause
//
// wrap_fold: every word in order, each lane folded.
module prove_wrap_fold #(
    parameter int unsigned Pe   = 1,
    parameter int unsigned Bits = 4,
    parameter int unsigned Fold = 3
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Pe*Bits-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Pe*Bits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, place_o, now_o;
  logic [1:0] inside_o;
  logic [Pe*Bits-1:0] words_o, want;

  start i_start (.*);
  wrap_fold #(
      .Pe  (Pe),
      .Bits(Bits),
      .Fold(Fold)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Pe * Bits),
      .OutWidth(Pe * Bits)
  ) i_follow (
      .*
  );
  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    fold_spec #(
        .Bits(Bits),
        .Fold(Fold)
    ) i_spec (
        .m_i(words_o[p*Bits+:Bits]),
        .f_o(want[p*Bits+:Bits])
    );
  end

  always_comb if (now_o) folded : assert (out_data_o == want);
endmodule
