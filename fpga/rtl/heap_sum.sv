// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of a heap of bits mod 2^Columns as the sum of two rows. Latency Levels. In the form that heap_pkg::tables() says.
module heap_sum #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,
    parameter int unsigned Levels = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [Columns-1:0][Tall-1:0] bits_i,
    output logic [1:0][Columns-1:0] rows_o
);
  if (heap_pkg::tables()) begin : gen_tables
    bit_heap #(
        .Columns(Columns),
        .Tall(Tall),
        .Levels(Levels),
        .Heights(Heights)
    ) i_heap (
        .clk_i,
        .move_i,
        .bits_i,
        .rows_o
    );
  end else if (heap_pkg::adders()) begin : gen_adders
    adder_tree #(
        .Columns(Columns),
        .Tall(Tall),
        .Levels(Levels),
        .Heights(Heights)
    ) i_tree (
        .clk_i,
        .move_i,
        .bits_i,
        .row_o(rows_o[0])
    );
    assign rows_o[1] = '0;
  end else begin : gen_count
    logic [Columns-1:0] sum;
    logic [Levels:0][Columns-1:0] sum_q;

    always_comb begin
      sum = '0;
      for (int unsigned c = 0; c < Columns; c++) begin
        if (Heights[c] != 0) sum += Columns'($countones(bits_i[c])) << c;
      end
    end

    assign sum_q[0] = sum;
    for (genvar l = 0; l < Levels; l++) begin : gen_level
      always_ff @(posedge clk_i) if (move_i) sum_q[l+1] <= sum_q[l];
    end
    assign rows_o = {Columns'(0), sum_q[Levels]};
  end
endmodule
