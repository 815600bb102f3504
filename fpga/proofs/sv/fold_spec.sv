// SPDX-License-Identifier: BSD-3-Clause
//
// f = sign(m) * min(|m|, Fold * (H - |m|)), H = 2^(Bits-1), Fold 0: f = m, in integers wide enough for every term.
module fold_spec #(
    parameter int unsigned Bits = 8,
    parameter int unsigned Fold = 3
) (
    input  logic [Bits-1:0] m_i,
    output logic [Bits-1:0] f_o
);
  localparam longint H = 64'd1 <<< (Bits - 1);

  longint m, size, far, least;

  assign m = longint'(signed'(m_i));
  assign size = m < 0 ? -m : m;
  assign far = longint'(Fold) * (H - size);
  assign least = Fold == 0 || size < far ? size : far;
  assign f_o = Bits'(m < 0 ? -least : least);
endmodule
