// SPDX-License-Identifier: BSD-3-Clause
//
// Width times: how many of three products a * b of single bits, some inverted, are 1. Two tables of six inputs each, no
// registers.
module count_three #(
    parameter int unsigned Width = 1,
    parameter logic [2:0][Width-1:0] Invert = '0
) (
    input  logic [2:0][Width-1:0] a_i,
    input  logic [2:0][Width-1:0] b_i,
    output logic [1:0][Width-1:0] count_o
);
  function automatic logic [1:0][63:0] tables(logic [2:0] invert);
    logic [1:0][63:0] result;
    for (int unsigned i = 0; i < 64; i++) begin
      {result[1][i], result[0][i]} = 2'(unsigned'($countones((3'(i) & 3'(i >> 3)) ^ invert)));
    end
    return result;
  endfunction

  for (genvar g = 0; g < Width; g++) begin : gen_three
    localparam logic [1:0][63:0] Tables = tables({Invert[2][g], Invert[1][g], Invert[0][g]});
    logic [5:0] three;
    assign three = {a_i[2][g], a_i[1][g], a_i[0][g], b_i[2][g], b_i[1][g], b_i[0][g]};
    assign count_o[0][g] = Tables[0][three];
    assign count_o[1][g] = Tables[1][three];
  end
endmodule
