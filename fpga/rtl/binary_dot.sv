// SPDX-License-Identifier: BSD-3-Clause
//
// Sum mod 2^SumBits of those of Simd unsigned inputs whose weight is 1, not 0, given bit plane by bit plane, as the sum
// of two rows. Latency heap_pkg::binary_levels(Simd), with Cut one more: a register behind the choice.
//
// Inputs come in pairs, s and s + Simd / 2, with an odd one left; pairs_i is the sum of each, which several cells may
// share. Nothing of the result is wider than SumBits. Without heap_pkg::tables(), the bits of a plane are counted, and
// nothing is chosen between the sums of a pair.
module binary_dot #(
    parameter int unsigned Simd = 2,
    parameter int unsigned InBits = 2,
    parameter int unsigned SumBits = 7,
    parameter bit All = 1'b0,  // every weight is 1
    parameter bit Cut = 1'b0,
    localparam int unsigned Pairs = Simd > 1 ? Simd / 2 : 1
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [InBits-1:0][Simd-1:0] x_i,
    input  logic [InBits:0][Pairs-1:0] pairs_i,  // no matter for Simd 1
    input  logic [Simd-1:0] w_i,
    output logic [1:0][SumBits-1:0] rows_o
);
  localparam bit Paired = heap_pkg::tables() && Simd > 1;
  localparam int unsigned Tall = Paired ? Simd - Simd / 2 : Simd;

  function automatic logic [SumBits-1:0][15:0] heights();
    logic [SumBits-1:0][15:0] result;
    for (int unsigned c = 0; c < SumBits; c++) begin
      result[c] = c < InBits ? 16'(Tall) : Paired && c == InBits ? 16'(Simd / 2) : 16'd0;
    end
    return result;
  endfunction

  logic [InBits:0][Tall-1:0] planes, summed;
  logic [SumBits-1:0][Tall-1:0] bits;
  logic unused;

  // Some are too heavy to matter mod 2^SumBits.
  assign unused = ^{pairs_i, summed, w_i, x_i};

  if (Paired) begin : gen_pairs
    logic [InBits:0][Pairs-1:0] chosen;

    if (All) begin : gen_all
      assign chosen = pairs_i;
    end else begin : gen_some
      logic [InBits-1:0][Pairs-1:0] a, b;

      for (genvar i = 0; i < InBits; i++) begin : gen_plane
        assign a[i] = x_i[i][Pairs-1:0];
        assign b[i] = x_i[i][2*Pairs-1:Pairs];
      end
      select_pair #(
          .Width(InBits),
          .Count(Pairs)
      ) i_select (
          .a_i(a),
          .b_i(b),
          .both_i(pairs_i),
          .a_on_i(w_i[Pairs-1:0]),
          .b_on_i(w_i[2*Pairs-1:Pairs]),
          .sum_o(chosen)
      );
    end
    for (genvar i = 0; i <= InBits; i++) begin : gen_plane
      if (Simd % 2 == 0) begin : gen_even
        assign planes[i] = chosen[i];
      end else if (i < InBits) begin : gen_odd
        assign planes[i] = {x_i[i][Simd-1] & w_i[Simd-1], chosen[i]};
      end else begin : gen_top
        assign planes[i] = {1'b0, chosen[i]};
      end
    end
  end else begin : gen_single
    for (genvar i = 0; i <= InBits; i++) begin : gen_plane
      if (i < InBits) begin : gen_bits
        assign planes[i] = x_i[i] & w_i;
      end else begin : gen_none
        assign planes[i] = '0;
      end
    end
  end

  if (Cut) begin : gen_cut
    always_ff @(posedge clk_i) if (move_i) summed <= planes;
  end else begin : gen_no_cut
    assign summed = planes;
  end

  for (genvar c = 0; c < SumBits; c++) begin : gen_column
    if (c <= InBits) begin : gen_bits
      assign bits[c] = summed[c];
    end else begin : gen_none
      assign bits[c] = '0;
    end
  end

  heap_sum #(
      .Columns(SumBits),
      .Tall(Tall),
      .Levels(heap_pkg::binary_levels(Simd)),
      .Heights(heights())
  ) i_sum (
      .clk_i,
      .move_i,
      .bits_i(bits),
      .rows_o
  );
endmodule
