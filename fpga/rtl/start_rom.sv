// SPDX-License-Identifier: BSD-3-Clause
//
// What a row's sum starts with: word row_i of a read-only memory where first_i, else 0. No registers.
module start_rom #(
    parameter int unsigned Rows = 1,
    parameter int unsigned Width = 8,
    parameter string InitFile = "starts.hex",
    localparam int unsigned RowBits = Rows > 1 ? $clog2(Rows) : 1
) (
    input  logic [RowBits-1:0] row_i,
    input  logic               first_i,
    output logic [  Width-1:0] start_o
);
  (* logic_block *) logic [Width-1:0] memory[Rows];

  initial $readmemh(InitFile, memory);

  if (Rows == 1) begin : gen_constant
    logic unused;
    assign unused  = ^row_i;
    assign start_o = memory[0] & {Width{first_i}};
  end else begin : gen_memory
    assign start_o = memory[row_i] & {Width{first_i}};
  end
endmodule
