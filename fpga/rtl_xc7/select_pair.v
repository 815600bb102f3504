// SPDX-License-Identifier: BSD-3-Clause
//
// select_pair of 7-series primitives: the lowest bit (O5: of a, b and both choices) and the highest (O6: of the sum and
// both choices) are the two outputs of a LUT6. The others are a LUT5 each.
module select_pair #(
    parameter Width = 2,
    parameter Count = 1
) (
    input  [    Width*Count-1:0] a_i,
    input  [    Width*Count-1:0] b_i,
    input  [(Width+1)*Count-1:0] both_i,
    input  [          Count-1:0] a_on_i,
    input  [          Count-1:0] b_on_i,
    output [(Width+1)*Count-1:0] sum_o
);
  genvar p, i;

  generate
    for (p = 0; p < Count; p = p + 1) begin : gen_pair
      LUT6_2 #(
          .INIT(64'hF000000066CCAA00)
      ) i_ends (
          .I0(a_i[p]),
          .I1(b_i[p]),
          .I2(both_i[Width*Count+p]),
          .I3(a_on_i[p]),
          .I4(b_on_i[p]),
          .I5(1'b1),
          .O5(sum_o[p]),
          .O6(sum_o[Width*Count+p])
      );
      for (i = 1; i < Width; i = i + 1) begin : gen_bit
        LUT5 #(
            .INIT(32'hF0CCAA00)
        ) i_lut (
            .I0(a_i[i*Count+p]),
            .I1(b_i[i*Count+p]),
            .I2(both_i[i*Count+p]),
            .I3(a_on_i[p]),
            .I4(b_on_i[p]),
            .O (sum_o[i*Count+p])
        );
      end
    end
  endgenerate
endmodule
