// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of those unsigned inputs whose weight bit is set. Inputs of one bit are counted three at a time, which is a table
// of six inputs for each bit of the count; wider ones are gated on the way into the first adders.
// Latency 1 + $clog2(ceil(Simd / 3)) with one bit, $clog2(Simd) otherwise.
module plain_select #(
    parameter int unsigned Simd = 16,
    parameter int unsigned InBits = 2,
    parameter int unsigned MaxBits = 32,
    localparam int unsigned Count = InBits == 1 ? (Simd + 2) / 3 : Simd,
    localparam int unsigned FullBits = InBits == 1 ? 2 : InBits,
    localparam int unsigned Bits = FullBits < MaxBits ? FullBits : MaxBits,
    localparam int unsigned SumBits = Bits + $clog2(Count) < MaxBits ? Bits + $clog2(Count) : MaxBits
) (
    input  logic                        clk_i,
    input  logic                        move_i,
    input  logic [Simd-1:0][InBits-1:0] x_i,
    input  logic [Simd-1:0]             w_i,
    output logic [SumBits-1:0]          sum_o
);
  logic [Count-1:0][Bits-1:0] terms;

  if (InBits == 1) begin : gen_counts
    logic [3*Count-1:0] chosen;
    assign chosen = (3 * Count)'(Simd'(x_i) & w_i);
    for (genvar i = 0; i < Count; i++) begin : gen_triple
      logic [1:0] count;
      assign count = {
        (chosen[3*i] & chosen[3*i+1]) | (chosen[3*i] & chosen[3*i+2]) | (chosen[3*i+1] & chosen[3*i+2]),
        chosen[3*i] ^ chosen[3*i+1] ^ chosen[3*i+2]
      };
      always_ff @(posedge clk_i) if (move_i) terms[i] <= Bits'(count);
    end
  end else begin : gen_gates
    for (genvar s = 0; s < Simd; s++) begin : gen_gate
      assign terms[s] = w_i[s] ? Bits'(x_i[s]) : '0;
    end
  end

  plain_tree #(
      .Count(Count),
      .Bits(Bits),
      .MaxBits(MaxBits),
      .Signed(1'b0)
  ) i_tree (
      .clk_i,
      .move_i,
      .terms_i(terms),
      .sum_o
  );
endmodule
