// SPDX-License-Identifier: BSD-3-Clause
//
// One lane of wrap_activation, Style "table": a read-only memory addressed by {channel word, m}. Latency 1.
// The enclosing cell counts words and moves the pipeline.
module table_lane #(
    parameter int unsigned Words = 1,
    parameter int unsigned InBits = 8,
    parameter int unsigned OutBits = 2,
    parameter string InitFile = "activation",
    parameter int unsigned Lane = 0,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input  logic                clk_i,
    input  logic                move_i,
    input  logic [WordBits-1:0] word_i,
    input  logic [  InBits-1:0] m_i,
    output logic [ OutBits-1:0] out_o
);
  if (InBits < 1 || InBits > 16) begin : gen_check_in_bits
    $error("table_lane: InBits is %0d, expected 1 to 16", InBits);
  end

  localparam int unsigned AddressBits = InBits + $clog2(Words);

  logic [OutBits-1:0] memory[Words << InBits];
  logic [AddressBits-1:0] address;

  initial $readmemh($sformatf("%s_%0d.hex", InitFile, Lane), memory);

  assign address = AddressBits'({word_i, m_i});

  always_ff @(posedge clk_i) if (move_i) out_o <= memory[address];
endmodule
