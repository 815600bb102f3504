// SPDX-License-Identifier: BSD-3-Clause
//
// Joins two streams of Pe unsigned lanes: out = in0 + in1, lane by lane, OutBits unsigned bits. It wants OutBits wide
// enough for the greatest sum. One word a cycle, latency 1; a word is taken from both inputs at once.
module stream_add #(
    parameter int unsigned Pe = 1,
    parameter int unsigned In0Bits = 4,
    parameter int unsigned In1Bits = 4,
    parameter int unsigned OutBits = 5
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic [Pe*In0Bits-1:0] in0_data_i,
    input  logic                  in0_valid_i,
    output logic                  in0_ready_o,
    input  logic [Pe*In1Bits-1:0] in1_data_i,
    input  logic                  in1_valid_i,
    output logic                  in1_ready_o,
    output logic [Pe*OutBits-1:0] out_data_o,
    output logic                  out_valid_o,
    input  logic                  out_ready_i
);
  if (Pe < 1) begin : gen_check_pe
    $error("stream_add: Pe is %0d, expected at least 1", Pe);
  end
  if (In0Bits < 1 || In1Bits < 1 || In0Bits > 32 || In1Bits > 32 || OutBits > 33) begin : gen_check_in0_bits
    $error("stream_add: In0Bits = %0d, In1Bits = %0d, OutBits = %0d, expected 1 to 32 in, to 33 out", In0Bits, In1Bits,
           OutBits);
  end
  if ((64'd1 << In0Bits) + (64'd1 << In1Bits) - 64'd1 > (64'd1 << OutBits)) begin : gen_check_out_bits
    $error("stream_add: OutBits = %0d cannot hold the sum of %0d and %0d bits", OutBits, In0Bits, In1Bits);
  end

  logic [Pe*OutBits-1:0] sums, out_q;
  logic out_valid_q, move;

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    assign sums[p*OutBits+:OutBits] =
        OutBits'(in0_data_i[p*In0Bits+:In0Bits]) + OutBits'(in1_data_i[p*In1Bits+:In1Bits]);
  end

  assign move = !out_valid_q || out_ready_i;
  assign in0_ready_o = move && in1_valid_i;
  assign in1_ready_o = move && in0_valid_i;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i) begin
    if (move) out_q <= sums;
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (move) out_valid_q <= in0_valid_i && in1_valid_i;
  end
endmodule
