// SPDX-License-Identifier: BSD-3-Clause
//
// add_four of 7-series primitives (UG474): the LUT gives the sum of four bits (O6) and the carry of three of them (O5),
// the fourth goes around it into the carry chain.
module add_four #(
    parameter Width = 1
) (
    input  [4*Width-1:0] bits_i,
    input                carry_i,
    output [Width-1:0]   sum_o,
    output [Width-1:0]   keep_o,
    output               carry_o
);
  localparam Slices = (Width + 3) / 4;

  wire [4*Slices-1:0] odd, fourth, sum, carry;
  genvar i;

  generate
    for (i = 0; i < 4 * Slices; i = i + 1) begin : gen_bit
      if (i < Width) begin : gen_used
        LUT6_2 #(
            .INIT(64'h69966996E8E8E8E8)
        ) i_lut (
            .I0(bits_i[i]),
            .I1(bits_i[Width+i]),
            .I2(bits_i[2*Width+i]),
            .I3(bits_i[3*Width+i]),
            .I4(1'b0),
            .I5(1'b1),
            .O5(keep_o[i]),
            .O6(odd[i])
        );
        assign fourth[i] = bits_i[3*Width+i];
      end else begin : gen_unused
        assign odd[i] = 1'b0;
        assign fourth[i] = 1'b0;
      end
    end
    for (i = 0; i < Slices; i = i + 1) begin : gen_slice
      CARRY4 i_carry (
          .CI(i == 0 ? 1'b0 : carry[4*i-1]),
          .CYINIT(i == 0 ? carry_i : 1'b0),
          .DI(fourth[4*i+:4]),
          .S(odd[4*i+:4]),
          .O(sum[4*i+:4]),
          .CO(carry[4*i+:4])
      );
    end
  endgenerate

  assign sum_o = sum;
  assign carry_o = carry[Width-1];
endmodule
