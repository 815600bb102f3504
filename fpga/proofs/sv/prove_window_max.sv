// SPDX-License-Identifier: BSD-3-Clause
//
// window_max: of K words one, the greatest of each lane.
module prove_window_max #(
    parameter int unsigned Ch = 1,
    parameter int unsigned K = 2,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 2
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
  logic [K-1:0][Pe*Bits-1:0] words_o;
  logic [Pe*Bits-1:0] want;

  start i_start (.*);
  window_max #(
      .Ch  (Ch),
      .K   (K),
      .Pe  (Pe),
      .Bits(Bits)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Pe * Bits),
      .OutWidth(Pe * Bits),
      .InWords (K),
      .Flight  (2),
      .Patience(1)
  ) i_follow (
      .*
  );

  always_comb begin
    want = '0;
    for (int unsigned p = 0; p < Pe; p++) begin
      for (int unsigned k = 0; k < K; k++) begin
        if (words_o[k][p*Bits+:Bits] > want[p*Bits+:Bits]) want[p*Bits+:Bits] = words_o[k][p*Bits+:Bits];
      end
    end
    if (now_o) greatest : assert (out_data_o == want);
  end
endmodule
