// SPDX-License-Identifier: BSD-3-Clause
//
// Bits of equal weight, column by column, to one row of the same sum mod 2^Columns, by adders of two numbers (add_two).
// Latency Levels. It is for devices on which the places of bit_heap would take several tables each.
//
// A level takes the bits of the columns in pairs: bits 2k and 2k + 1 are two numbers, added from the first column that
// has both of them up to the last one that has any. Their sum is a bit in each of these columns, its carry one in the next
// column. What no adder takes stays.
//
// There may be one level of adders more than registers. Where some adders have no more than three columns, the next level
// goes with theirs, before the first register; else the last level goes with what comes behind the last register.
module adder_tree #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,  // the greatest of Heights
    parameter int unsigned Levels = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0  // bits in each column, from bit 0; those above must be 0
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [Columns-1:0][Tall-1:0] bits_i,
    output logic [Columns-1:0] row_o
);
  localparam int unsigned Pairs = (Tall + 1) / 2;

  // The first column that has both bits of pair k, or Columns.
  function automatic int unsigned begins(int unsigned k);
    int unsigned result;
    result = Columns;
    for (int unsigned c = 0; c < Columns; c++) begin
      if (result == Columns && 32'(Heights[c]) > 2 * k + 1) result = c;
    end
    return result;
  endfunction

  // The column behind the last one that has any.
  function automatic int unsigned ends(int unsigned k);
    int unsigned result;
    result = 0;
    for (int unsigned c = 0; c < Columns; c++) if (32'(Heights[c]) > 2 * k) result = c + 1;
    return result;
  endfunction

  // Whether the sum of pair k, with its carry, has a bit in column c.
  function automatic bit covers(int unsigned k, int unsigned c);
    return begins(k) <= c && c <= ends(k);
  endfunction

  // Bits of column c that the pairs below k make.
  function automatic int unsigned made(int unsigned k, int unsigned c);
    int unsigned result;
    result = 0;
    for (int unsigned i = 0; i < k; i++) if (covers(i, c)) result++;
    return result;
  endfunction

  // Whether the last bit of column c is taken by no pair.
  function automatic bit stays(int unsigned c);
    return Heights[c][0] && !covers(32'(Heights[c]) / 2, c);
  endfunction

  function automatic logic [Columns-1:0][15:0] heights_after();
    logic [Columns-1:0][15:0] result;
    for (int unsigned c = 0; c < Columns; c++) result[c] = 16'(made(Pairs, c) + 32'(stays(c)));
    return result;
  endfunction

  function automatic int unsigned greatest(logic [Columns-1:0][15:0] list);
    int unsigned result;
    result = 1;
    for (int unsigned c = 0; c < Columns; c++) if (32'(list[c]) > result) result = 32'(list[c]);
    return result;
  endfunction

  if (Levels == 0 && Tall == 1) begin : gen_row
    logic unused;
    assign unused = ^{clk_i, move_i};
    for (genvar c = 0; c < Columns; c++) begin : gen_column
      assign row_o[c] = bits_i[c][0];
    end
  end else begin : gen_level
    localparam logic [Columns-1:0][15:0] After = heights_after();
    localparam int unsigned TallAfter = greatest(After);
    localparam int unsigned Shortest = Tall > 1 ? Tall / 2 - 1 : 0;
    // The greatest Tall for which a register comes behind this level.
    localparam int unsigned Without = ends(Shortest) > begins(Shortest) + 3 ? 2 << Levels : 1 << Levels;

    logic [Columns-1:0][TallAfter-1:0] after;
    logic [Pairs-1:0][Columns-1:0] sums;
    logic unused;

    assign unused = ^sums;  // none in the columns that a pair does not reach

    for (genvar k = 0; k < Pairs; k++) begin : gen_pair
      localparam int unsigned First = begins(k);

      if (First == Columns) begin : gen_none
        assign sums[k] = '0;
      end else begin : gen_sum
        localparam int unsigned Width = ends(k) - First;
        logic [Width-1:0] a, b, sum;
        logic carry;

        for (genvar i = 0; i < Width; i++) begin : gen_bit
          if (32'(Heights[First+i]) > 2 * k) begin : gen_a
            assign a[i] = bits_i[First+i][2*k];
          end else begin : gen_no_a
            assign a[i] = 1'b0;
          end
          if (32'(Heights[First+i]) > 2 * k + 1) begin : gen_b
            assign b[i] = bits_i[First+i][2*k+1];
          end else begin : gen_no_b
            assign b[i] = 1'b0;
          end
        end

        add_two #(
            .Width(Width)
        ) i_add (
            .a_i(a),
            .b_i(b),
            .sum_o(sum),
            .carry_o(carry)
        );
        // A carry out of the highest column is a multiple of 2^Columns.
        assign sums[k] = Columns'({carry, sum}) << First;
      end
    end

    for (genvar c = 0; c < Columns; c++) begin : gen_column
      for (genvar k = 0; k < Pairs; k++) begin : gen_pair
        if (covers(k, c)) begin : gen_made
          assign after[c][made(k, c)] = sums[k][c];
        end
      end
      if (stays(c)) begin : gen_stays
        assign after[c][made(Pairs, c)] = bits_i[c][32'(Heights[c])-1];
      end
      for (genvar k = 32'(After[c]); k < TallAfter; k++) begin : gen_none
        assign after[c][k] = 1'b0;
      end
    end

    if (Levels == 0 || Tall > Without) begin : gen_at_once
      adder_tree #(
          .Columns(Columns),
          .Tall(TallAfter),
          .Levels(Levels),
          .Heights(After)
      ) i_next (
          .clk_i,
          .move_i,
          .bits_i(after),
          .row_o
      );
    end else begin : gen_register
      logic [Columns-1:0][TallAfter-1:0] after_q;

      always_ff @(posedge clk_i) if (move_i) after_q <= after;

      adder_tree #(
          .Columns(Columns),
          .Tall(TallAfter),
          .Levels(Levels - 1),
          .Heights(After)
      ) i_next (
          .clk_i,
          .move_i,
          .bits_i(after_q),
          .row_o
      );
    end
  end
endmodule
