// SPDX-License-Identifier: BSD-3-Clause
//
// A term and what came before it, mod 2^Width: sum_i where keep_i, else 0, with start_i put into it (bitwise or). No
// registers; a place of a carry chain each, to which fpga/rtl_ecp5/add_running.v maps it.
module add_running #(
    parameter int unsigned Width = 1
) (
    input  logic [Width-1:0] term_i,
    input  logic [Width-1:0] sum_i,
    input  logic             keep_i,
    input  logic [Width-1:0] start_i,
    output logic [Width-1:0] sum_o
);
  assign sum_o = term_i + ((sum_i & {Width{keep_i}}) | start_i);
endmodule
