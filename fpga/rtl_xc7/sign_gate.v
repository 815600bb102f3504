// SPDX-License-Identifier: BSD-3-Clause
//
// sign_gate of 7-series primitives: two bits of a product, which share on and neg, are the two outputs of a LUT6.
module sign_gate #(
    parameter Width = 2,
    parameter Count = 1
) (
    input  [Width*Count-1:0] x_i,
    input  [      Count-1:0] on_i,
    input  [      Count-1:0] neg_i,
    output [Width*Count-1:0] product_o
);
  genvar p, i;

  generate
    for (p = 0; p < Count; p = p + 1) begin : gen_product
      for (i = 0; i < Width; i = i + 2) begin : gen_bits
        if (i + 1 < Width) begin : gen_two
          LUT6_2 #(
              .INIT(64'h3FC03FC05FA05FA0)
          ) i_lut (
              .I0(x_i[i*Count+p]),
              .I1(x_i[(i+1)*Count+p]),
              .I2(on_i[p]),
              .I3(neg_i[p]),
              .I4(1'b0),
              .I5(1'b1),
              .O5(product_o[i*Count+p]),
              .O6(product_o[(i+1)*Count+p])
          );
        end else begin : gen_one
          assign product_o[i*Count+p] = (x_i[i*Count+p] & on_i[p]) ^ neg_i[p];
        end
      end
    end
  endgenerate
endmodule
