// SPDX-License-Identifier: BSD-3-Clause
//
// a_i less b_i where on_i, mod 2^Width. No registers; a place of a carry chain each, to which fpga/rtl_ecp5/sub_gated.v
// maps it.
module sub_gated #(
    parameter int unsigned Width = 1
) (
    input  logic [Width-1:0] a_i,
    input  logic [Width-1:0] b_i,
    input  logic             on_i,
    output logic [Width-1:0] diff_o
);
  assign diff_o = a_i - (b_i & {Width{on_i}});
endmodule
