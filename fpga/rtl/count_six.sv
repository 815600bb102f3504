// SPDX-License-Identifier: BSD-3-Clause
//
// Width 6:3 compressors: how many of six bits are set. No registers.
//
// Written as truth tables: from sums of sums, mappers tend to make five tables where three of six inputs do.
module count_six #(
    parameter int unsigned Width = 1
) (
    input  logic [5:0][Width-1:0] bits_i,
    output logic [2:0][Width-1:0] count_o
);
  function automatic logic [2:0][63:0] tables();
    logic [2:0][63:0] result;
    for (int unsigned i = 0; i < 64; i++) begin
      {result[2][i], result[1][i], result[0][i]} = 3'(unsigned'($countones(6'(i))));
    end
    return result;
  endfunction

  localparam logic [2:0][63:0] Tables = tables();

  for (genvar g = 0; g < Width; g++) begin : gen_six
    logic [5:0] six;
    assign six = {bits_i[5][g], bits_i[4][g], bits_i[3][g], bits_i[2][g], bits_i[1][g], bits_i[0][g]};
    assign count_o[0][g] = Tables[0][six];
    assign count_o[1][g] = Tables[1][six];
    assign count_o[2][g] = Tables[2][six];
  end
endmodule
