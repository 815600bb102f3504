// SPDX-License-Identifier: BSD-3-Clause
//
// (a_i ^ b_i) + (c_i ^ d_i) + carry_i of numbers of Width bits. No registers. A bit is one LUT6 with both of its outputs,
// on a carry chain, to which fpga/rtl_xc7/add_parities.v maps it.
module add_parities #(
    parameter int unsigned Width = 1
) (
    input  logic [Width-1:0] a_i,
    input  logic [Width-1:0] b_i,
    input  logic [Width-1:0] c_i,
    input  logic [Width-1:0] d_i,
    input  logic             carry_i,
    output logic [Width-1:0] sum_o,
    output logic             carry_o
);
  assign {carry_o, sum_o} = {1'b0, a_i ^ b_i} + {1'b0, c_i ^ d_i} + (Width + 1)'(carry_i);
endmodule
