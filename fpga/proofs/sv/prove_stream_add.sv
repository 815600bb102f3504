// SPDX-License-Identifier: BSD-3-Clause
//
// stream_add: words are taken from both inputs at once; a word out is the sum of such a pair, lane by lane.
module prove_stream_add #(
    parameter int unsigned Pe = 1,
    parameter int unsigned In0Bits = 1,
    parameter int unsigned In1Bits = 1,
    parameter int unsigned OutBits = 2
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Pe*In0Bits-1:0] in0_data_i,
    input logic in0_valid_i,
    output logic in0_ready_o,
    input logic [Pe*In1Bits-1:0] in1_data_i,
    input logic in1_valid_i,
    output logic in1_ready_o,
    output logic [Pe*OutBits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, place_o, now_o;
  logic [1:0] inside_o;
  logic [Pe*In0Bits-1:0] word0;
  logic [Pe*In1Bits-1:0] word1;
  logic [Pe*OutBits-1:0] want;

  start i_start (.*);
  stream_add #(
      .Pe(Pe),
      .In0Bits(In0Bits),
      .In1Bits(In1Bits),
      .OutBits(OutBits)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth(Pe * (In0Bits + In1Bits)),
      .OutWidth(Pe * OutBits)
  ) i_follow (
      .in_data_i({in1_data_i, in0_data_i}),
      .in_valid_i(in0_valid_i && in1_valid_i),
      .in_ready_o(in0_ready_o),
      .words_o({word1, word0}),
      .*
  );

  always_comb begin
    if (rst_ni) together : assert ((in0_valid_i && in0_ready_o) == (in1_valid_i && in1_ready_o));
    for (int unsigned p = 0; p < Pe; p++) begin
      want[p*OutBits+:OutBits] = OutBits'(word0[p*In0Bits+:In0Bits]) + OutBits'(word1[p*In1Bits+:In1Bits]);
    end
    if (now_o) sum : assert (out_data_o == want);
  end
endmodule
