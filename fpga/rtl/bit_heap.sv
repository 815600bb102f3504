// SPDX-License-Identifier: BSD-3-Clause
//
// Bits of equal weight, column by column, to at most four rows of the same sum mod 2^Columns. No registers.
//
// One level of 6:3 compressors (three 6-input tables each), then itself again while a column holds more than four. It
// stops at four because adders on the carry chain remove a bit for one table, as a 6:3 compressor does, while a 3:2
// compressor takes two.
module bit_heap #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,  // the greatest of Heights
    parameter logic [Columns-1:0][15:0] Heights = '0  // bits in each column, from bit 0; those above must be 0
) (
    input  logic [Columns-1:0][Tall-1:0] bits_i,
    output logic [3:0][Columns-1:0] rows_o
);
  // Compressors of a column: one for each six bits, and one for a rest of five.
  function automatic int unsigned groups(int unsigned height);
    return height / 6 + (height % 6 == 5 ? 1 : 0);
  endfunction

  function automatic int unsigned rest(int unsigned height);
    return height % 6 == 5 ? 0 : height % 6;
  endfunction

  function automatic logic [Columns-1:0][15:0] heights_after();
    logic [Columns-1:0][15:0] result;
    for (int unsigned c = 0; c < Columns; c++) begin
      result[c] = 16'(groups(32'(Heights[c])) + rest(32'(Heights[c])));
      if (c >= 1) result[c] += 16'(groups(32'(Heights[c-1])));
      if (c >= 2) result[c] += 16'(groups(32'(Heights[c-2])));
    end
    return result;
  endfunction

  function automatic int unsigned greatest(logic [Columns-1:0][15:0] list);
    int unsigned result;
    result = 1;
    for (int unsigned c = 0; c < Columns; c++) begin
      if (32'(list[c]) > result) result = 32'(list[c]);
    end
    return result;
  endfunction

  if (Tall <= 4) begin : gen_rows
    for (genvar c = 0; c < Columns; c++) begin : gen_column
      for (genvar r = 0; r < 4; r++) begin : gen_row
        if (r < Tall) begin : gen_bit
          assign rows_o[r][c] = bits_i[c][r];
        end else begin : gen_none
          assign rows_o[r][c] = 1'b0;
        end
      end
    end
  end else begin : gen_level
    localparam logic [Columns-1:0][15:0] After = heights_after();
    localparam int unsigned TallAfter = greatest(After);
    localparam int unsigned Wide = Tall + TallAfter + 6;  // room for every shift below

    logic [Columns-1:0][Wide-1:0] ones, twos, fours, rests;
    logic [Columns-1:0][TallAfter-1:0] after;
    logic unused;

    // Carries out of the highest columns are multiples of 2^Columns.
    assign unused = ^{twos[Columns-1], fours[Columns-1], fours[Columns>1?Columns-2 : 0]};

    for (genvar c = 0; c < Columns; c++) begin : gen_column
      localparam int unsigned Groups = groups(32'(Heights[c]));
      localparam int unsigned Place1 = Groups + rest(32'(Heights[c]));
      localparam int unsigned Place2 = c >= 1 ? Place1 + groups(32'(Heights[c>=1?c-1 : 0])) : 0;

      logic [Wide-1:0] all;

      assign all = Wide'(bits_i[c]);
      assign rests[c] = all >> (6 * Groups);
      if (Groups > 0) begin : gen_groups
        logic [5:0][Groups-1:0] six;
        logic [2:0][Groups-1:0] count;
        for (genvar j = 0; j < 6; j++) begin : gen_input
          assign six[j] = Groups'(all >> (j * Groups));
        end
        count_six #(
            .Width(Groups)
        ) i_count (
            .bits_i (six),
            .count_o(count)
        );
        assign ones[c]  = Wide'(count[0]);
        assign twos[c]  = Wide'(count[1]);
        assign fours[c] = Wide'(count[2]);
      end else begin : gen_no_groups
        assign ones[c]  = '0;
        assign twos[c]  = '0;
        assign fours[c] = '0;
      end

      if (c == 0) begin : gen_first
        assign after[c] = TallAfter'(ones[c] | (rests[c] << Groups));
      end else if (c == 1) begin : gen_second
        assign after[c] = TallAfter'(ones[c] | (rests[c] << Groups) | (twos[c-1] << Place1));
      end else begin : gen_other
        assign after[c] = TallAfter'(ones[c] | (rests[c] << Groups) | (twos[c-1] << Place1) | (fours[c-2] << Place2));
      end
    end

    bit_heap #(
        .Columns(Columns),
        .Tall(TallAfter),
        .Heights(After)
    ) i_next (
        .bits_i(after),
        .rows_o
    );
  end
endmodule
