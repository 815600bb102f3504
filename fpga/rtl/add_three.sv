// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of three numbers mod 2^Width, where start_i is put into the third (bitwise or: it is meant for a third of 0).
// No registers; one LUT6 with both of its outputs a column, to which fpga/rtl_xc7/add_three.v maps it.
module add_three #(
    parameter int unsigned Width = 1
) (
    input  logic [2:0][Width-1:0] bits_i,
    input  logic [Width-1:0]      start_i,
    output logic [Width-1:0]      sum_o
);
  logic [Width-1:0] third, odd, keep;

  assign third = bits_i[2] | start_i;
  assign odd = bits_i[0] ^ bits_i[1] ^ third;
  assign keep = (bits_i[0] & bits_i[1]) | (third & (bits_i[0] | bits_i[1]));
  assign sum_o = odd + (keep << 1);
endmodule
