// SPDX-License-Identifier: BSD-3-Clause
//
// Count times a_i * a_on_i + b_i * b_on_i, where both_i = a_i + b_i is known; bit plane by bit plane. No registers.
//
// A bit takes one look-up table of five inputs. Those of the lowest and the highest are five together, so that these
// two share a LUT6: fpga/rtl_xc7/select_pair.v.
module select_pair #(
    parameter int unsigned Width = 2,
    parameter int unsigned Count = 1
) (
    input  logic [Width-1:0][Count-1:0] a_i,
    input  logic [Width-1:0][Count-1:0] b_i,
    input  logic [Width:0][Count-1:0] both_i,
    input  logic [Count-1:0] a_on_i,
    input  logic [Count-1:0] b_on_i,
    output logic [Width:0][Count-1:0] sum_o
);
  logic unused;
  assign unused = ^both_i[0];

  always_comb begin
    sum_o[0] = (a_on_i & a_i[0]) ^ (b_on_i & b_i[0]);
    for (int unsigned i = 1; i < Width; i++) begin
      sum_o[i] = (a_on_i & b_on_i & both_i[i]) | (a_on_i & ~b_on_i & a_i[i]) | (~a_on_i & b_on_i & b_i[i]);
    end
    sum_o[Width] = a_on_i & b_on_i & both_i[Width];
  end
endmodule
