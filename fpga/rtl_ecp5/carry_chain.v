// SPDX-License-Identifier: BSD-3-Clause
//
// {carry_o, sum_o} = a_i + ((b_i & keep_i) | or_i) + &enter_i, where Invert inverts bits of the second number, InvertIn those
// of enter_i: a place of the ECP5's carry chains (CCU2C, two places; TN1261) a bit, one in front, which lets the carry in,
// and one for carry_o. Subtract: all bits of b_i & keep_i are inverted, and or_i must be 1s.
//
// A place gives its table of four inputs xor the carry, and carries on where that table is 1. Where it is 0, it carries
// what the quarter of the table for C = D = 0 says of A and B. Nothing comes from below the place in front, whose table is
// 0: a constant there costs nextpnr two places more.
module carry_chain #(
    parameter Width = 1,
    parameter [Width-1:0] Invert = 0,
    parameter InvertIn = 0,
    parameter Subtract = 0
) (
    input  [Width-1:0] a_i,
    input  [Width-1:0] b_i,
    input              keep_i,
    input  [Width-1:0] or_i,
    input  [1:0]       enter_i,
    output [Width-1:0] sum_o,
    output             carry_o
);
  localparam Cells = (Width + 3) / 2;  // a last one without use is cleaned away
  localparam [15:0] Enter = InvertIn ? 16'h0001 : 16'h0008;

  // Inputs a, b, keep, or. Carried is a, which with keep = or = 0 is the sum as well: inverted bits need keep or or.
  function [15:0] table_of(input invert);
    integer i;
    for (i = 0; i < 16; i = i + 1) begin
      if (i < 4) table_of[i] = i[0];
      else if (Subtract) table_of[i] = i[0] ^ ~(i[1] & i[2]);
      else table_of[i] = i[0] ^ ((i[1] & i[2]) | i[3]) ^ invert;
    end
  endfunction

  wire [2*Cells-1:0] a, b, c, d, sum;
  wire [Cells:0] carry;
  genvar i;

  assign a = {a_i, enter_i[0]};
  assign b = {b_i, enter_i[1]};
  assign c = {{Width{keep_i}}, 1'b1};
  assign d = {or_i, 1'b1};
  assign carry[0] = 1'bx;

  generate
    for (i = 0; i < Cells; i = i + 1) begin : gen_cell
      CCU2C #(
          .INIT0(i == 0 ? Enter : table_of(Invert >> (2 * i - 1))),
          .INIT1(table_of(Invert >> (2 * i))),
          .INJECT1_0("NO"),
          .INJECT1_1("NO")
      ) i_cell (
          .CIN(carry[i]),
          .A0(a[2*i]),
          .B0(b[2*i]),
          .C0(c[2*i]),
          .D0(d[2*i]),
          .A1(a[2*i+1]),
          .B1(b[2*i+1]),
          .C1(c[2*i+1]),
          .D1(d[2*i+1]),
          .S0(sum[2*i]),
          .S1(sum[2*i+1]),
          .COUT(carry[i+1])
      );
    end
  endgenerate

  assign sum_o = sum[Width:1];
  assign carry_o = sum[Width+1];
endmodule
