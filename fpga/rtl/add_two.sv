// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of two numbers: {carry_o, sum_o} = a_i + b_i. No registers. On an ECP5, fpga/rtl_ecp5/add_two.v.
module add_two #(
    parameter int unsigned Width = 1
) (
    input  logic [Width-1:0] a_i,
    input  logic [Width-1:0] b_i,
    output logic [Width-1:0] sum_o,
    output logic             carry_o
);
  assign {carry_o, sum_o} = {1'b0, a_i} + {1'b0, b_i};
endmodule
