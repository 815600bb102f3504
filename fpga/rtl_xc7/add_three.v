// SPDX-License-Identifier: BSD-3-Clause
//
// add_three of 7-series primitives (UG474): the LUT gives the carry of three bits (O5) and their sum with the carry of
// the column below (O6), which also goes into the carry chain.
module add_three #(
    parameter Width = 1
) (
    input  [3*Width-1:0] bits_i,
    input  [Width-1:0]   start_i,
    output [Width-1:0]   sum_o
);
  localparam Slices = (Width + 3) / 4;

  wire [Width:0] keep;
  wire [4*Slices-1:0] odd, below, sum, carry;
  genvar i;

  assign keep[0] = 1'b0;

  generate
    for (i = 0; i < 4 * Slices; i = i + 1) begin : gen_bit
      if (i < Width) begin : gen_used
        LUT6_2 #(
            .INIT(64'h66996996EEEEE8E8)
        ) i_lut (
            .I0(bits_i[i]),
            .I1(bits_i[Width+i]),
            .I2(bits_i[2*Width+i]),
            .I3(keep[i]),
            .I4(start_i[i]),
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
          .CYINIT(1'b0),
          .DI(below[4*i+:4]),
          .S(odd[4*i+:4]),
          .O(sum[4*i+:4]),
          .CO(carry[4*i+:4])
      );
    end
  endgenerate

  assign sum_o = sum;
endmodule
