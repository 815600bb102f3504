// SPDX-License-Identifier: BSD-3-Clause
//
// out = #{i : g >= t_i} over ascending signed thresholds, g = flip ? ~f : f, f = fold(m), in integers.
module staircase_spec #(
    parameter int unsigned InBits = 8,
    parameter bit InSigned = 1'b1,
    parameter int unsigned Fold = 0,
    parameter int unsigned OutBits = 2,
    parameter int unsigned ThresholdBits = 8,
    localparam int unsigned Steps = (1 << OutBits) - 1
) (
    input  logic [InBits-1:0] m_i,
    input  logic [Steps-1:0][ThresholdBits-1:0] thresholds_i,
    input  logic flip_i,
    output logic [OutBits-1:0] out_o
);
  logic [InBits-1:0] folded;
  longint f, g;

  fold_spec #(
      .Bits(InBits),
      .Fold(Fold)
  ) i_fold (
      .m_i,
      .f_o(folded)
  );

  assign f = InSigned ? longint'(signed'(folded)) : longint'(m_i);
  assign g = flip_i ? -1 - f : f;

  always_comb begin
    out_o = '0;
    for (int unsigned i = 0; i < Steps; i++) out_o += OutBits'(g >= longint'(signed'(thresholds_i[i])));
  end
endmodule
