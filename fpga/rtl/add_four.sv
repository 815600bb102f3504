// SPDX-License-Identifier: BSD-3-Clause
//
// Four numbers and a carry to two numbers of the same sum: carry_i + sum of the rows of bits_i
// = sum_o + 2 * keep_o + 2^Width * carry_o. No registers; sum_o and keep_o should go to some.
//
// Three rows are added without carries, and the fourth on a carry chain: one LUT6 with both of its outputs a column, to
// which fpga/rtl_xc7/add_four.v maps it.
module add_four #(
    parameter int unsigned Width = 1
) (
    input  logic [3:0][Width-1:0] bits_i,
    input  logic                  carry_i,
    output logic [Width-1:0]      sum_o,
    output logic [Width-1:0]      keep_o,
    output logic                  carry_o
);
  logic [Width-1:0] odd;

  assign odd = bits_i[0] ^ bits_i[1] ^ bits_i[2];
  assign keep_o = (bits_i[0] & bits_i[1]) | (bits_i[2] & (bits_i[0] | bits_i[1]));
  assign {carry_o, sum_o} = {1'b0, bits_i[3]} + {1'b0, odd} + (Width + 1)'(carry_i);
endmodule
