// SPDX-License-Identifier: BSD-3-Clause
//
// add_pair of 7-series primitives: of two numbers of two bits, the sum's lowest bit is a LUT of its own (nobody may need
// it), the others are the two outputs of a LUT6. Other widths are left to the tool.
module add_pair #(
    parameter Width = 2,
    parameter Count = 1
) (
    input  [    Width*Count-1:0] a_i,
    input  [    Width*Count-1:0] b_i,
    output [(Width+1)*Count-1:0] sum_o
);
  genvar p, i;

  generate
    for (p = 0; p < Count; p = p + 1) begin : gen_pair
      if (Width == 2) begin : gen_two
        assign sum_o[p] = a_i[p] ^ b_i[p];
        LUT6_2 #(
            .INIT(64'hEC80EC80936C936C)
        ) i_lut (
            .I0(a_i[p]),
            .I1(a_i[Count+p]),
            .I2(b_i[p]),
            .I3(b_i[Count+p]),
            .I4(1'b0),
            .I5(1'b1),
            .O5(sum_o[Count+p]),
            .O6(sum_o[2*Count+p])
        );
      end else begin : gen_other
        wire [Width-1:0] a, b;
        wire [Width:0] sum;
        for (i = 0; i < Width; i = i + 1) begin : gen_bit
          assign a[i] = a_i[i*Count+p];
          assign b[i] = b_i[i*Count+p];
        end
        assign sum = a + b;
        for (i = 0; i <= Width; i = i + 1) begin : gen_sum
          assign sum_o[i*Count+p] = sum[i];
        end
      end
    end
  endgenerate
endmodule
