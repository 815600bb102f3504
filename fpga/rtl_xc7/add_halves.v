// SPDX-License-Identifier: BSD-3-Clause
//
// add_halves of 7-series primitives (UG474): O6 is the half, of both bits and both weights, and more_i, added; O5 is
// more_i, which is the carry where both are the same.
module add_halves #(
    parameter Width = 1
) (
    input  [Width-1:0] a_i,
    input  [Width-1:0] b_i,
    input              a_on_i,
    input              b_on_i,
    input  [Width-1:0] more_i,
    input              carry_i,
    output [Width-1:0] sum_o,
    output             carry_o
);
  localparam Slices = (Width + 3) / 4;

  wire [4*Slices-1:0] differ, same, sum, carry;
  genvar i;

  generate
    for (i = 0; i < 4 * Slices; i = i + 1) begin : gen_bit
      if (i < Width) begin : gen_used
        LUT6_2 #(
            .INIT(64'h1BD8E427FFFF0000)
        ) i_lut (
            .I0(a_i[i]),
            .I1(b_i[i]),
            .I2(a_on_i),
            .I3(b_on_i),
            .I4(more_i[i]),
            .I5(1'b1),
            .O5(same[i]),
            .O6(differ[i])
        );
      end else begin : gen_unused
        assign differ[i] = 1'b0;
        assign same[i] = 1'b0;
      end
    end
    for (i = 0; i < Slices; i = i + 1) begin : gen_slice
      CARRY4 i_carry (
          .CI(i == 0 ? 1'b0 : carry[4*i-1]),
          .CYINIT(i == 0 ? carry_i : 1'b0),
          .DI(same[4*i+:4]),
          .S(differ[4*i+:4]),
          .O(sum[4*i+:4]),
          .CO(carry[4*i+:4])
      );
    end
  endgenerate

  assign sum_o = sum;
  assign carry_o = carry[Width-1];
endmodule
