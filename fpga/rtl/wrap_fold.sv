// SPDX-License-Identifier: BSD-3-Clause
//
// The cyclic activation of Pe wrapped sums a word: f = sign(m) * min(|m|, Fold * (H - |m|)), H = 2^(Bits-1), Bits
// signed bits in and out. Fold 0 hands the sums on.
//
// One word a cycle, latency 1.
module wrap_fold #(
    parameter int unsigned Pe   = 1,
    parameter int unsigned Bits = 8,
    parameter int unsigned Fold = 3
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic [Pe*Bits-1:0] in_data_i,
    input  logic               in_valid_i,
    output logic               in_ready_o,
    output logic [Pe*Bits-1:0] out_data_o,
    output logic               out_valid_o,
    input  logic               out_ready_i
);
  if (Pe < 1) begin : gen_check_pe
    $error("wrap_fold: Pe is 0, expected at least 1");
  end

  logic [Pe*Bits-1:0] folded, out_q;
  logic out_valid_q;

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    fold_value #(
        .Bits(Bits),
        .Fold(Fold)
    ) i_fold (
        .m_i(in_data_i[p*Bits+:Bits]),
        .f_o(folded[p*Bits+:Bits])
    );
  end

  assign in_ready_o = !out_valid_q || out_ready_i;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i) begin
    if (in_ready_o) out_q <= folded;
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (in_ready_o) out_valid_q <= in_valid_i;
  end
endmodule
