// SPDX-License-Identifier: BSD-3-Clause
//
// weight_rom: the word of the file at the address one move ago; the only word, where there is one.
module prove_weight_rom #(
    parameter int unsigned Depth = 1,
    parameter int unsigned Width = 1,
    parameter int unsigned Style = 0,  // auto, block, distributed
    parameter logic [Depth-1:0][Width-1:0] Words = '0,
    localparam int unsigned AddressBits = Depth > 1 ? $clog2(Depth) : 1
) (
    input logic clk_i,
    input logic move_i,
    input logic [AddressBits-1:0] address_i
);
  logic rst_ni, filled_o;
  logic [Width-1:0] word_o;
  logic [AddressBits-1:0] then_o;

  start i_start (.*);
  weight_rom #(
      .Depth(Depth),
      .Width(Width),
      .RomStyle(Style == 0 ? "auto" : Style == 1 ? "block" : "distributed"),
      .InitFile("weights.hex")
  ) i_cell (
      .*
  );
  delayed #(
      .Width(AddressBits)
  ) i_delayed (
      .now_i(address_i),
      .*
  );

  always_comb begin
    if (Depth == 1) only : assert (word_o == Words[0]);
    else if (filled_o && 32'(then_o) < Depth) read : assert (word_o == Words[then_o]);
  end
endmodule
