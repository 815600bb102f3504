// SPDX-License-Identifier: BSD-3-Clause
//
// Dot product of Simd unsigned inputs and Simd weights mod 2^SumBits. No registers; nothing in it is wider than SumBits.
//
// WeightBits 1: a weight is 0 or 1 (the enclosing cell turns that into -1 and +1). Else two's complement.
module wrap_dot #(
    parameter int unsigned Simd = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned SumBits = 8
) (
    input  logic [    Simd*InBits-1:0] x_i,
    input  logic [Simd*WeightBits-1:0] w_i,
    output logic [        SumBits-1:0] sum_o
);
  always_comb begin
    sum_o = '0;
    for (int unsigned s = 0; s < Simd; s++) begin
      if (WeightBits == 1) begin
        if (w_i[s]) sum_o += SumBits'(x_i[s*InBits+:InBits]);
      end else begin
        sum_o += SumBits'(signed'(w_i[s*WeightBits+:WeightBits])) * SumBits'(x_i[s*InBits+:InBits]);
      end
    end
  end
endmodule
