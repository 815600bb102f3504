// SPDX-License-Identifier: BSD-3-Clause
//
// start_rom: the row's word of the file, where first_i.
module prove_start_rom #(
    parameter int unsigned Rows = 1,
    parameter int unsigned Width = 1,
    parameter logic [Rows-1:0][Width-1:0] Words = '0,
    localparam int unsigned RowBits = Rows > 1 ? $clog2(Rows) : 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [RowBits-1:0] row_i,
    input logic first_i
);
  logic [Width-1:0] start_o;

  start_rom #(
      .Rows(Rows),
      .Width(Width),
      .InitFile("starts.hex")
  ) i_cell (
      .*
  );

  always_comb begin
    if (!first_i) none : assert (start_o == '0);
    else if (32'(row_i) < Rows) read : assert (start_o == Words[Rows==1?0:row_i]);
  end
endmodule
