// SPDX-License-Identifier: BSD-3-Clause
//
// Thresholds of Bits bits: out = number of the channel's 2^OutBits - 1 ascending thresholds that are at most the input,
// by a binary search of one step a cycle. Latency OutBits, one word a cycle; lane p of word cf is channel cf * Pe + p.
//
// Memory of step j of lane p, file <InitFile>_<p>_<j>.hex: word cf * 2^j + k is threshold number
// (2 * k + 1) * 2^(OutBits-1-j), counted from 1, of channel cf * Pe + p.
module plain_activation #(
    parameter int unsigned Ch = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 32,
    parameter int unsigned OutBits = 2,
    parameter string InitFile = "thresholds"
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic [   Pe*Bits-1:0] in_data_i,
    input  logic                  in_valid_i,
    output logic                  in_ready_o,
    output logic [Pe*OutBits-1:0] out_data_o,
    output logic                  out_valid_o,
    input  logic                  out_ready_i
);
  localparam int unsigned Words = Ch / Pe;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;

  logic [WordBits-1:0] word_q;
  logic [OutBits-1:0] valid_q;
  logic move;

  assign move = !out_valid_o || out_ready_i;
  assign in_ready_o = move;
  assign out_valid_o = valid_q[OutBits-1];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
      word_q <= '0;
    end else if (move) begin
      valid_q <= OutBits'({valid_q, in_valid_i});
      if (in_valid_i && Words > 1) word_q <= word_q == WordBits'(Words - 1) ? '0 : word_q + 1'b1;
    end
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [Bits-1:0] value[OutBits+1];
    logic [WordBits-1:0] word[OutBits+1];
    logic [OutBits-1:0] found[OutBits+1];

    assign value[0] = in_data_i[p*Bits+:Bits];
    assign word[0]  = word_q;
    assign found[0] = '0;
    for (genvar j = 0; j < OutBits; j++) begin : gen_step
      plain_step #(
          .Words(Words),
          .Bits(Bits),
          .OutBits(OutBits),
          .Step(j),
          .InitFile($sformatf("%s_%0d_%0d.hex", InitFile, p, j))
      ) i_step (
          .clk_i,
          .move_i(move),
          .value_i(value[j]),
          .word_i(word[j]),
          .found_i(found[j]),
          .value_o(value[j+1]),
          .word_o(word[j+1]),
          .found_o(found[j+1])
      );
    end
    assign out_data_o[p*OutBits+:OutBits] = found[OutBits];
  end
endmodule
