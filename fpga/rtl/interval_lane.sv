// SPDX-License-Identifier: BSD-3-Clause
//
// One lane of wrap_activation, Style "interval": a threshold for either side of the fold's corner, and nothing is folded.
// Latency 1. The enclosing cell counts words and moves the pipeline.
//
// Inside the corner f rises with m. Outside it falls all along the circle from H down to -H, that is with m's bit pattern.
// The values of either side whose f reaches a threshold are thus those from some pattern on, or those before it.
module interval_lane #(
    parameter int unsigned Words = 1,
    parameter int unsigned InBits = 8,
    parameter int unsigned Fold = 3,
    parameter string InitFile = "activation",
    parameter int unsigned Lane = 0,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input  logic                clk_i,
    input  logic                move_i,
    input  logic [WordBits-1:0] word_i,
    input  logic [  InBits-1:0] m_i,
    output logic                out_o
);
  localparam int unsigned Shift = $clog2(Fold + 1);
  localparam int unsigned AddressBits = 1 + $clog2(Words);

  if (Fold < 1 || Fold + 1 != 1 << Shift || Shift >= InBits) begin : gen_check
    $error("interval_lane: Fold is %0d and InBits %0d, expected 2^t - 1 and more than t >= 1", Fold, InBits);
  end

  logic [InBits:0] memory[2*Words];
  logic outside, falls;
  logic [InBits-1:0] along, first;

  initial $readmemh($sformatf("%s_%0d.hex", InitFile, Lane), memory);

  assign outside = m_i[InBits-1] ? m_i[InBits-2-:Shift] == '0 : m_i[InBits-2-:Shift] == '1;
  assign along = {m_i[InBits-1] ^ !outside, m_i[InBits-2:0]};
  assign {falls, first} = memory[AddressBits'({word_i, outside})];

  always_ff @(posedge clk_i) if (move_i) out_o <= (along >= first) ^ falls;
endmodule
