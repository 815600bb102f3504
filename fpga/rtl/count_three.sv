// SPDX-License-Identifier: BSD-3-Clause
//
// Width times: how many of three products a * b of single bits, some inverted, are 1. No registers; two look-up tables
// of six inputs each, to which fpga/rtl_xc7/count_three.v maps it.
module count_three #(
    parameter int unsigned Width = 1,
    parameter logic [2:0][Width-1:0] Invert = '0
) (
    input  logic [2:0][Width-1:0] a_i,
    input  logic [2:0][Width-1:0] b_i,
    output logic [1:0][Width-1:0] count_o
);
  logic [2:0][Width-1:0] product;

  assign product = (a_i & b_i) ^ Invert;
  assign count_o[0] = product[0] ^ product[1] ^ product[2];
  assign count_o[1] = (product[0] & product[1]) | (product[2] & (product[0] | product[1]));
endmodule
