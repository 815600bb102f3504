// SPDX-License-Identifier: BSD-3-Clause
//
// Half of the dot product of Simd unsigned inputs, bit plane by bit plane, with weights of +1 (w_i 1) and -1 (0), mod
// 2^SumBits and as the sum of two rows. Latency heap_pkg::binary_levels(Simd, InBits), with Cut one more.
//
// Inputs come in pairs, s and s + Pairs; an odd one is paired with a 0 of weight +1. A bit of each makes
//   +-a +-b = 2 * h - (a ^ b) - 2 * (both weights are -1),
// where h is one bit (choose_half), and a ^ b does not depend on the weights, so that all rows of weights share it. The
// result is the sum of all h, and with All that of all a ^ b. A dot product is twice the one less the other, less
// 2^(InBits+1) - 2 for each pair of weights that are both -1.
//
// Some are added as they are chosen: chain k takes the pairs k of the columns in which it runs, and each column's bits
// of as many other pairs, and of one more where it begins (heap_pkg::pair_places). The rest is a heap; Cut is a register
// before it. Without heap_pkg::tables(), the bits of a plane are counted.
module binary_dot #(
    parameter int unsigned Simd = 2,
    parameter int unsigned InBits = 2,
    parameter int unsigned SumBits = 7,
    parameter bit All = 1'b0,  // every row's part; weights do not matter
    parameter bit Cut = 1'b0
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [InBits-1:0][Simd-1:0] x_i,
    input  logic [Simd-1:0] w_i,
    output logic [1:0][SumBits-1:0] rows_o
);
  localparam int unsigned Pairs = (Simd + 1) / 2;
  localparam int unsigned Planes = InBits < SumBits ? InBits : SumBits;
  localparam int unsigned Most = heap_pkg::tables() ? heap_pkg::pair_places(Planes - 1, Pairs) : 0;
  localparam int unsigned Tall = heap_pkg::tables() ? heap_pkg::pair_tall(Pairs, InBits) : Pairs;

  function automatic logic [SumBits-1:0][15:0] heights();
    logic [SumBits-1:0][15:0] result;
    for (int unsigned c = 0; c < SumBits; c++) begin
      if (heap_pkg::tables()) result[c] = 16'(heap_pkg::pair_height(c, Pairs, InBits));
      else result[c] = c < InBits ? 16'(Pairs) : 16'd0;
    end
    return result;
  endfunction

  // The first column of chain k.
  function automatic int unsigned first(int unsigned k);
    int unsigned result;
    result = 0;
    while (result < Planes && heap_pkg::pair_places(result, Pairs) <= k) result++;
    return result;
  endfunction

  logic [2*Pairs-1:0] w;
  logic [Planes-1:0][2*Pairs-1:0] x;
  logic [Planes-1:0][Pairs-1:0] bits;
  logic [SumBits-1:0][Pairs-1:0] added, summed;
  logic [SumBits-1:0][Tall-1:0] heap;
  logic unused;

  // Some are too heavy to matter mod 2^SumBits.
  assign unused = ^{x_i, w, bits, summed};

  if (Simd % 2 == 0) begin : gen_even
    assign w = w_i;
  end else begin : gen_odd
    assign w = {1'b1, w_i};
  end

  for (genvar c = 0; c < Planes; c++) begin : gen_plane
    assign x[c] = (2 * Pairs)'(x_i[c]);
    if (All) begin : gen_all
      assign bits[c] = x[c][Pairs-1:0] ^ x[c][2*Pairs-1:Pairs];
    end else begin : gen_chosen
      choose_half #(
          .Count(Pairs)
      ) i_half (
          .a_i(x[c][Pairs-1:0]),
          .b_i(x[c][2*Pairs-1:Pairs]),
          .a_on_i(w[Pairs-1:0]),
          .b_on_i(w[2*Pairs-1:Pairs]),
          .half_o(bits[c])
      );
    end
  end

  if (Most == 0) begin : gen_no_chains
    for (genvar c = 0; c < SumBits; c++) begin : gen_column
      if (c < Planes) begin : gen_bits
        assign added[c] = bits[c];
      end else begin : gen_none
        assign added[c] = '0;
      end
    end
  end else begin : gen_chains
    logic [Planes-1:0][Most-1:0] sums;
    logic [Most-1:0] carries;

    for (genvar k = 0; k < Most; k++) begin : gen_chain
      localparam int unsigned First = first(k);
      localparam int unsigned Length = Planes - First;
      // The bit that comes in where the chain begins.
      localparam int unsigned Begun = First == 0 ? 0 : heap_pkg::pair_places(First == 0 ? 0 : First - 1, Pairs);
      localparam int unsigned In = 2 * heap_pkg::pair_places(First, Pairs) + k - Begun;
      logic [Length-1:0] a, b, sum;

      for (genvar i = 0; i < Length; i++) begin : gen_ends
        assign a[i] = x[First+i][k];
        assign b[i] = x[First+i][Pairs+k];
        assign sums[First+i][k] = sum[i];
      end
      for (genvar i = 0; i < First; i++) begin : gen_none
        assign sums[i][k] = 1'b0;
      end
      if (All) begin : gen_all
        logic [Length-1:0] c, d;
        for (genvar i = 0; i < Length; i++) begin : gen_others
          assign c[i] = x[First+i][heap_pkg::pair_places(First+i, Pairs)+k];
          assign d[i] = x[First+i][Pairs+heap_pkg::pair_places(First+i, Pairs)+k];
        end
        add_parities #(
            .Width(Length)
        ) i_add (
            .a_i(a),
            .b_i(b),
            .c_i(c),
            .d_i(d),
            .carry_i(bits[First][In]),
            .sum_o(sum),
            .carry_o(carries[k])
        );
      end else begin : gen_chosen
        logic [Length-1:0] more;
        for (genvar i = 0; i < Length; i++) begin : gen_others
          assign more[i] = bits[First+i][heap_pkg::pair_places(First+i, Pairs)+k];
        end
        add_halves #(
            .Width(Length)
        ) i_add (
            .a_i(a),
            .b_i(b),
            .a_on_i(w[k]),
            .b_on_i(w[Pairs+k]),
            .more_i(more),
            .carry_i(bits[First][In]),
            .sum_o(sum),
            .carry_o(carries[k])
        );
      end
    end

    for (genvar c = 0; c < SumBits; c++) begin : gen_column
      if (c < Planes) begin : gen_bits
        localparam int unsigned Here = heap_pkg::pair_places(c, Pairs);
        localparam int unsigned Prior = c == 0 ? 0 : heap_pkg::pair_places(c == 0 ? 0 : c - 1, Pairs);
        assign added[c] = Pairs'({1'b0, bits[c]} >> (3 * Here - Prior) << Here) | Pairs'(sums[c]);
      end else if (c == Planes) begin : gen_carries
        assign added[c] = Pairs'(carries);
      end else begin : gen_none
        assign added[c] = '0;
      end
    end
  end

  if (Cut) begin : gen_cut
    always_ff @(posedge clk_i) if (move_i) summed <= added;
  end else begin : gen_no_cut
    assign summed = added;
  end

  for (genvar c = 0; c < SumBits; c++) begin : gen_heap
    assign heap[c] = Tall'(summed[c]);
  end

  heap_sum #(
      .Columns(SumBits),
      .Tall(Tall),
      .Levels(heap_pkg::binary_levels(Simd, InBits)),
      .Heights(heights())
  ) i_sum (
      .clk_i,
      .move_i,
      .bits_i(heap),
      .rows_o
  );
endmodule
