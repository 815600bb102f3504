// SPDX-License-Identifier: BSD-3-Clause
//
// f = sign(m) * min(|m|, Fold * (H - |m|)), H = 2^(Bits-1), of one signed number; f = m for Fold 0. No registers.
//
// Outside the corner |m| > Fold * H / (Fold + 1) the value is +-Fold * H - Fold * m, and both signs agree mod 2^Bits.
// For Fold = 2^t - 1 (1, 3, 7) the corner is read off the top t + 1 bits, and -Fold * m is one subtraction.
module fold_value #(
    parameter int unsigned Bits = 8,
    parameter int unsigned Fold = 3
) (
    input  logic [Bits-1:0] m_i,
    output logic [Bits-1:0] f_o
);
  localparam int unsigned Shift = $clog2(Fold + 1);
  localparam bit Power = Fold + 1 == 1 << Shift;

  if (Bits < 2 || Bits > 32) begin : gen_check_bits
    $error("fold_value: Bits is %0d, expected 2 to 32", Bits);
  end
  if (Fold > 255) begin : gen_check_fold
    $error("fold_value: Fold is %0d, expected at most 255", Fold);
  end

  if (Fold == 0) begin : gen_none
    assign f_o = m_i;
  end else if (Power && Shift < Bits) begin : gen_power
    // Less 0 inside: so that a bit takes one look-up table, and no second one to choose.
    logic outside;
    logic [Bits-1:0] turned;
    assign outside = m_i[Bits-1] ? m_i[Bits-2-:Shift] == '0 : m_i[Bits-2-:Shift] == '1;
    assign turned = {m_i[Bits-1] ^ outside, m_i[Bits-2:0]};
    assign f_o[Shift-1:0] = turned[Shift-1:0];
    sub_gated #(
        .Width(Bits - Shift)
    ) i_less (
        .a_i(turned[Bits-1:Shift]),
        .b_i(m_i[Bits-Shift-1:0]),
        .on_i(outside),
        .diff_o(f_o[Bits-1:Shift])
    );
  end else begin : gen_any
    // The corner in 64 bits: Fold * H does not fit into fewer for Bits = 32.
    localparam logic [63:0] Corner = (64'(Fold) << (Bits - 1)) / 64'(Fold + 1);
    localparam logic signed [Bits-1:0] High = Bits'(Corner);
    localparam logic [Bits-1:0] Factor = Bits'(Fold);
    logic signed [Bits-1:0] m;
    assign m = signed'(m_i);
    assign f_o = (m > High || m < -High) ? {Factor[0], {(Bits - 1) {1'b0}}} - Factor * m_i : m_i;
  end
endmodule
