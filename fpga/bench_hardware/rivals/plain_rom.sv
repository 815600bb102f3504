// SPDX-License-Identifier: BSD-3-Clause
//
// Read-only memory with a registered output, as synthesis tools know it: they choose where it lies.
module plain_rom #(
    parameter int unsigned Depth = 1,
    parameter int unsigned Width = 1,
    parameter string InitFile = "weights.hex",
    localparam int unsigned AddressBits = Depth > 1 ? $clog2(Depth) : 1
) (
    input  logic                   clk_i,
    input  logic                   move_i,
    input  logic [AddressBits-1:0] address_i,
    output logic [      Width-1:0] word_o
);
  logic [Width-1:0] memory[Depth];

  initial $readmemh(InitFile, memory);

  if (Depth == 1) begin : gen_constant
    logic unused;
    assign unused = ^{clk_i, move_i, address_i};
    assign word_o = memory[0];
  end else begin : gen_memory
    always_ff @(posedge clk_i) if (move_i) word_o <= memory[address_i];
  end
endmodule
