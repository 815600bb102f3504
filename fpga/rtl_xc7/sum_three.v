// SPDX-License-Identifier: BSD-3-Clause
//
// sum_three of 7-series primitives (UG474): the LUT gives the carry of three bits (O5) and their sum with the carry of
// the column below (O6), which also goes into the carry chain.
module sum_three #(
    parameter Width = 1,
    parameter [3*Width-1:0] Invert = 0,
    parameter [1:0] InvertIn = 0
) (
    input  [3*Width-1:0] bits_i,
    input  [1:0]         carries_i,
    output [Width-1:0]   sum_o,
    output               carry_o
);
  // Inputs: three bits, some inverted, and what the column below keeps. The lower half is O5.
  function [63:0] table_of(input [2:0] invert);
    integer i;
    reg [2:0] number;
    for (i = 0; i < 32; i = i + 1) begin
      number = i[2:0] ^ invert;
      table_of[i] = (number[0] & number[1]) | (number[2] & (number[0] | number[1]));
      table_of[32+i] = ^number ^ i[3];
    end
  endfunction

  localparam Slices = (Width + 3) / 4;

  wire [Width:0] keep;
  wire [4*Slices-1:0] odd, below, sum, carry;
  genvar i;

  assign keep[0] = carries_i[0] ^ InvertIn[0];

  generate
    for (i = 0; i < 4 * Slices; i = i + 1) begin : gen_bit
      if (i < Width) begin : gen_used
        LUT6_2 #(
            .INIT(table_of({Invert[2*Width+i], Invert[Width+i], Invert[i]}))
        ) i_lut (
            .I0(bits_i[i]),
            .I1(bits_i[Width+i]),
            .I2(bits_i[2*Width+i]),
            .I3(keep[i]),
            .I4(1'b0),
            .I5(1'b1),
            .O5(keep[i+1]),
            .O6(odd[i])
        );
        assign below[i] = keep[i];
      end else begin : gen_unused
        assign odd[i] = 1'b0;
        assign below[i] = 1'b0;
      end
    end
    for (i = 0; i < Slices; i = i + 1) begin : gen_slice
      CARRY4 i_carry (
          .CI(i == 0 ? 1'b0 : carry[4*i-1]),
          .CYINIT(i == 0 ? carries_i[1] ^ InvertIn[1] : 1'b0),
          .DI(below[4*i+:4]),
          .S(odd[4*i+:4]),
          .O(sum[4*i+:4]),
          .CO(carry[4*i+:4])
      );
    end
  endgenerate

  assign sum_o = sum;
  assign carry_o = carry[Width-1];
endmodule
