// SPDX-License-Identifier: BSD-3-Clause
//
// Bits of equal weight, column by column, to two rows of the same sum mod 2^Columns. Latency Levels.
//
// A level gives each column a number of places on carry chains (add_four): chain k runs over neighbouring columns that
// have more than k places. A place takes four bits and the carry of the one before it, the first one of a chain a fifth
// bit in place of the carry. It leaves a bit in its column and one in the next, and so halves the column for one LUT6.
// Where a chain ends, its carry is one more bit of the next column. Registers are behind each level.
module bit_heap #(
    parameter int unsigned Columns = 1,
    parameter int unsigned Tall = 1,  // the greatest of Heights, at most 2^(Levels+1)
    parameter int unsigned Levels = 1,
    parameter logic [Columns-1:0][15:0] Heights = '0  // bits in each column, from bit 0; those above must be 0
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [Columns-1:0][Tall-1:0] bits_i,
    output logic [1:0][Columns-1:0] rows_o
);
  localparam int unsigned Target = 1 << Levels;  // what a column may hold behind this level

  if (Tall > 2 * Target) begin : gen_check_levels
    $error("bit_heap: %0d Levels do not make two rows of %0d", Levels, Tall);
  end

  // Chains that begin in a column of `places`, behind one of `prior`.
  function automatic int unsigned starts(int unsigned places, int unsigned prior);
    return places > prior ? places - prior : 0;
  endfunction

  function automatic int unsigned rest(int unsigned height, int unsigned places, int unsigned prior);
    int unsigned taken;
    taken = 4 * places + starts(places, prior);
    return height > taken ? height - taken : 0;
  endfunction

  function automatic int unsigned left(int unsigned height, int unsigned places, int unsigned prior);
    return places + rest(height, places, prior) + prior + (prior > places ? prior - places : 0);
  endfunction

  // Places of each column: what it fills, and more only if the level would leave too much.
  function automatic logic [Columns-1:0][15:0] all_places();
    logic [Columns-1:0][15:0] result;
    int unsigned places, prior;
    prior = 0;
    for (int unsigned c = 0; c < Columns; c++) begin
      places = 32'(Heights[c]) / 4;
      for (int unsigned i = 0; i < Target; i++) begin
        if (left(32'(Heights[c]), places, prior) > Target) places++;
      end
      result[c] = 16'(places);
      prior = places;
    end
    return result;
  endfunction

  function automatic logic [Columns-1:0][15:0] heights_after(logic [Columns-1:0][15:0] places);
    logic [Columns-1:0][15:0] result;
    for (int unsigned c = 0; c < Columns; c++) begin
      result[c] = 16'(left(32'(Heights[c]), 32'(places[c]), c == 0 ? 0 : 32'(places[c-1])));
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

  if (Levels == 0) begin : gen_rows
    logic unused;
    assign unused = ^{clk_i, move_i};
    for (genvar c = 0; c < Columns; c++) begin : gen_column
      assign {rows_o[1][c], rows_o[0][c]} = 2'(bits_i[c]);
    end
  end else begin : gen_level
    localparam logic [Columns-1:0][15:0] Places = all_places();
    localparam logic [Columns-1:0][15:0] After = heights_after(Places);
    localparam int unsigned Most = greatest(Places);
    localparam int unsigned TallAfter = greatest(After);
    localparam int unsigned Wide = Tall + TallAfter + 5 * Most;  // room for every place and shift below

    // By column and place: the sum, what goes to the next column, and a carry that does as well where a chain ends.
    logic [Columns-1:0][Wide-1:0] all;
    logic [Columns-1:0][Most-1:0] sums, keeps, carries;
    logic [Columns-1:0][TallAfter-1:0] after, after_q;
    logic unused;

    // What leaves the highest column is a multiple of 2^Columns.
    assign unused = ^{keeps[Columns-1], carries};

    for (genvar c = 0; c < Columns; c++) begin : gen_column
      localparam int unsigned Here = 32'(Places[c]);
      localparam int unsigned Prior = c == 0 ? 0 : 32'(Places[c==0?0 : c-1]);
      localparam int unsigned Next = c == Columns - 1 ? 0 : 32'(Places[c==Columns-1?c : c+1]);
      localparam int unsigned Rest = rest(32'(Heights[c]), Here, Prior);

      assign all[c] = Wide'(bits_i[c]);

      for (genvar k = 0; k < Most; k++) begin : gen_place
        if (k >= Here) begin : gen_none
          assign sums[c][k]  = 1'b0;
          assign keeps[c][k] = 1'b0;
        end
        if (k >= Here || k < Next) begin : gen_no_end
          assign carries[c][k] = 1'b0;
        end
        if (k < Here && k >= Prior) begin : gen_chain
          localparam int unsigned Length = run(c, k);
          logic [3:0][Length-1:0] bits;
          logic [Length-1:0] sum, keep;

          for (genvar i = 0; i < Length; i++) begin : gen_column
            for (genvar r = 0; r < 4; r++) begin : gen_row
              assign bits[r][i] = all[c+i][4*k+r];
            end
            assign sums[c+i][k]  = sum[i];
            assign keeps[c+i][k] = keep[i];
          end
          add_four #(
              .Width(Length)
          ) i_add (
              .bits_i (bits),
              .carry_i(all[c][4*Here+k-Prior]),
              .sum_o  (sum),
              .keep_o (keep),
              .carry_o(carries[c+Length-1][k])
          );
        end
      end

      if (c == 0) begin : gen_first
        assign after[c] = TallAfter'(Wide'(sums[c]) | (all[c] >> (4 * Here + starts(Here, Prior)) << Here));
      end else begin : gen_other
        assign after[c] = TallAfter'(Wide'(sums[c]) | (all[c] >> (4 * Here + starts(Here, Prior)) << Here) |
                                     (Wide'(keeps[c-1]) << (Here + Rest)) |
                                     (Wide'(carries[c-1] >> Here) << (Here + Rest + Prior)));
      end
    end

    always_ff @(posedge clk_i) if (move_i) after_q <= after;

    bit_heap #(
        .Columns(Columns),
        .Tall(TallAfter),
        .Levels(Levels - 1),
        .Heights(After)
    ) i_next (
        .clk_i,
        .move_i,
        .bits_i(after_q),
        .rows_o
    );
  end

  // Columns from c on that have more than k places.
  function automatic int unsigned run(int unsigned c, int unsigned k);
    logic [Columns-1:0][15:0] places;
    int unsigned result;
    bit more;
    places = all_places();
    result = 0;
    more = 1'b1;
    for (int unsigned i = c; i < Columns; i++) begin
      if (32'(places[i]) <= k) more = 1'b0;
      if (more) result++;
    end
    return result;
  endfunction
endmodule
