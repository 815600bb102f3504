// SPDX-License-Identifier: BSD-3-Clause
//
// more_i + carry_i + the halves (choose_half) of two numbers a, b of Width bits with a weight each. No registers.
//
// A bit is one look-up table, with a carry chain: that of the half and of its sum with more_i are the same, to which
// fpga/rtl_xc7/add_halves.v maps it.
module add_halves #(
    parameter int unsigned Width = 1
) (
    input  logic [Width-1:0] a_i,
    input  logic [Width-1:0] b_i,
    input  logic             a_on_i,
    input  logic             b_on_i,
    input  logic [Width-1:0] more_i,
    input  logic             carry_i,
    output logic [Width-1:0] sum_o,
    output logic             carry_o
);
  logic [Width-1:0] half;

  choose_half #(
      .Count(Width)
  ) i_half (
      .a_i,
      .b_i,
      .a_on_i({Width{a_on_i}}),
      .b_on_i({Width{b_on_i}}),
      .half_o(half)
  );

  assign {carry_o, sum_o} = {1'b0, more_i} + {1'b0, half} + (Width + 1)'(carry_i);
endmodule
