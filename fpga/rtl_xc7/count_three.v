// SPDX-License-Identifier: BSD-3-Clause
//
// count_three of 7-series primitives: left to themselves, mappers share parts of the two functions and take more LUTs.
module count_three #(
    parameter Width = 1,
    parameter [3*Width-1:0] Invert = 0
) (
    input  [3*Width-1:0] a_i,
    input  [3*Width-1:0] b_i,
    output [2*Width-1:0] count_o
);
  // Whether the number of ones among the products, some inverted, is odd (carry 0) or at least two (carry 1).
  function [63:0] table_of(input [2:0] invert, input carry);
    integer i;
    reg [2:0] product;
    for (i = 0; i < 64; i = i + 1) begin
      product = (i[2:0] & i[5:3]) ^ invert;
      table_of[i] = carry ? (product[0] & product[1]) | (product[2] & (product[0] | product[1])) : ^product;
    end
  endfunction

  genvar g;
  generate
    for (g = 0; g < 2 * Width; g = g + 1) begin : gen_bit
      localparam integer At = g % Width;
      LUT6 #(
          .INIT(table_of({Invert[2*Width+At], Invert[Width+At], Invert[At]}, g >= Width))
      ) i_lut (
          .I0(a_i[At]),
          .I1(a_i[Width+At]),
          .I2(a_i[2*Width+At]),
          .I3(b_i[At]),
          .I4(b_i[Width+At]),
          .I5(b_i[2*Width+At]),
          .O (count_o[g])
      );
    end
  endgenerate
endmodule
