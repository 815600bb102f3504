// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of three numbers and two carries: {carry_o, sum_o} is all of it but what the highest column keeps for the next one,
// and so is all of it if at most one bit of that column is set. Bits of Invert and InvertIn are
// those of bits_i and carries_i that come inverted.
// No registers; one LUT6 with both of its outputs a column, to which fpga/rtl_xc7/sum_three.v maps it.
module sum_three #(
    parameter int unsigned Width = 1,
    parameter logic [2:0][Width-1:0] Invert = '0,
    parameter logic [1:0] InvertIn = '0
) (
    input  logic [2:0][Width-1:0] bits_i,
    input  logic [1:0]            carries_i,
    output logic [Width-1:0]      sum_o,
    output logic                  carry_o
);
  logic [2:0][Width-1:0] bits;
  logic [Width-1:0] odd;
  logic [Width:0] keep;
  logic [1:0] carries;
  logic unused;

  assign unused = keep[Width];
  assign bits = bits_i ^ Invert;
  assign carries = carries_i ^ InvertIn;
  assign odd = bits[0] ^ bits[1] ^ bits[2];
  assign keep = {(bits[0] & bits[1]) | (bits[2] & (bits[0] | bits[1])), carries[0]};
  assign {carry_o, sum_o} = {1'b0, odd} + {1'b0, keep[Width-1:0]} + (Width + 1)'(carries[1]);
endmodule
