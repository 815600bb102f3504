// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of a heap of bits mod 2^Columns: compressors, then two levels of adders. Latency 3, of which the first register
// is behind the compressors. Between adders there is always a register, so that no tool merges them into one sum of
// many operands (which costs twice the tables). Verilator counts each column's bits instead, which is the same sum some
// ten times faster, unless WRAPNET_TABLES is defined.
module heap_sum #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [Columns-1:0][Tall-1:0] bits_i,
    output logic [Columns-1:0] sum_o
);
`ifdef WRAPNET_TABLES
  localparam bit Tables = 1'b1;
`elsif VERILATOR
  localparam bit Tables = 1'b0;
`else
  localparam bit Tables = 1'b1;
`endif

  if (Tables) begin : gen_tables
    logic [3:0][Columns-1:0] rows, rows_q;
    logic [1:0][Columns-1:0] pairs_q;

    bit_heap #(
        .Columns(Columns),
        .Tall(Tall),
        .Heights(Heights)
    ) i_heap (
        .bits_i,
        .rows_o(rows)
    );

    always_ff @(posedge clk_i) begin
      if (move_i) begin
        rows_q <= rows;
        pairs_q[0] <= rows_q[0] + rows_q[1];
        pairs_q[1] <= rows_q[2] + rows_q[3];
        sum_o <= pairs_q[0] + pairs_q[1];
      end
    end
  end else begin : gen_count
    logic [Columns-1:0] sum;
    logic [2:0][Columns-1:0] sum_q;

    always_comb begin
      sum = '0;
      for (int unsigned c = 0; c < Columns; c++) begin
        if (Heights[c] != 0) sum += Columns'($countones(bits_i[c])) << c;
      end
    end

    assign sum_o = sum_q[2];
    always_ff @(posedge clk_i) if (move_i) sum_q <= {sum_q[1:0], sum};
  end
endmodule
