// SPDX-License-Identifier: BSD-3-Clause
//
// One step of plain_activation's binary search: the Step highest bits of the output are found, the next one is compared.
module plain_step #(
    parameter int unsigned Words = 1,
    parameter int unsigned Bits = 32,
    parameter int unsigned OutBits = 2,
    parameter int unsigned Step = 0,
    parameter string InitFile = "thresholds_0_0.hex",
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input  logic                clk_i,
    input  logic                move_i,
    input  logic [    Bits-1:0] value_i,
    input  logic [WordBits-1:0] word_i,
    input  logic [ OutBits-1:0] found_i,
    output logic [    Bits-1:0] value_o,
    output logic [WordBits-1:0] word_o,
    output logic [ OutBits-1:0] found_o
);
  localparam int unsigned AddressBits = Step + $clog2(Words) > 0 ? Step + $clog2(Words) : 1;

  logic [Bits-1:0] memory[Words << Step];
  logic [AddressBits-1:0] address;
  logic reached;

  initial $readmemh(InitFile, memory);

  if (Step == 0) begin : gen_first
    assign address = AddressBits'(word_i);
  end else begin : gen_next
    assign address = AddressBits'({word_i, found_i[Step-1:0]});
  end
  assign reached = signed'(value_i) >= signed'(memory[address]);

  always_ff @(posedge clk_i) begin
    if (move_i) begin
      value_o <= value_i;
      word_o  <= word_i;
      found_o <= OutBits'({found_i, reached});
    end
  end
endmodule
