// SPDX-License-Identifier: BSD-3-Clause
//
// Count sums of two numbers, a_i + b_i, bit plane by bit plane. No registers. fpga/rtl_xc7/add_pair.v maps it.
module add_pair #(
    parameter int unsigned Width = 2,
    parameter int unsigned Count = 1
) (
    input  logic [Width-1:0][Count-1:0] a_i,
    input  logic [Width-1:0][Count-1:0] b_i,
    output logic [Width:0][Count-1:0] sum_o
);
  logic [Count-1:0] carry;

  always_comb begin
    carry = '0;
    for (int unsigned i = 0; i < Width; i++) begin
      sum_o[i] = a_i[i] ^ b_i[i] ^ carry;
      carry = (a_i[i] & b_i[i]) | (carry & (a_i[i] | b_i[i]));
    end
    sum_o[Width] = carry;
  end
endmodule
