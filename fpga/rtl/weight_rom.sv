// SPDX-License-Identifier: BSD-3-Clause
//
// Read-only memory with a registered output; a single word is a constant.
//
// RomStyle "block" asks the synthesis for block RAM, "distributed" for look-up tables, "auto" leaves it to decide. The
// attributes are rom_style, which Vivado (UG901) and Yosys know, and Yosys' logic_block, because it refuses
// rom_style = "distributed"; Vivado makes small memories of look-up tables unasked.
module weight_rom #(
    parameter int unsigned Depth = 1,
    parameter int unsigned Width = 1,
    parameter string RomStyle = "auto",
    parameter string InitFile = "weights.hex",
    localparam int unsigned AddressBits = Depth > 1 ? $clog2(Depth) : 1
) (
    input  logic                   clk_i,
    input  logic                   move_i,
    input  logic [AddressBits-1:0] address_i,
    output logic [      Width-1:0] word_o
);
  if (RomStyle != "auto" && RomStyle != "block" && RomStyle != "distributed") begin : gen_check_style
    $error("weight_rom: RomStyle is \"%s\", expected \"auto\", \"block\" or \"distributed\"", RomStyle);
  end

  if (Depth == 1) begin : gen_constant
    logic [Width-1:0] memory[1];
    logic unused;
    initial $readmemh(InitFile, memory);
    assign unused = ^{clk_i, move_i, address_i};
    assign word_o = memory[0];
  end else if (RomStyle == "block") begin : gen_block
    (* rom_style = "block" *) logic [Width-1:0] memory[Depth];
    initial $readmemh(InitFile, memory);
    always_ff @(posedge clk_i) if (move_i) word_o <= memory[address_i];
  end else if (RomStyle == "distributed") begin : gen_distributed
    (* logic_block *) logic [Width-1:0] memory[Depth];
    initial $readmemh(InitFile, memory);
    always_ff @(posedge clk_i) if (move_i) word_o <= memory[address_i];
  end else begin : gen_auto
    logic [Width-1:0] memory[Depth];
    initial $readmemh(InitFile, memory);
    always_ff @(posedge clk_i) if (move_i) word_o <= memory[address_i];
  end
endmodule
