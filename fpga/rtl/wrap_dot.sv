// SPDX-License-Identifier: BSD-3-Clause
//
// Dot product of Simd unsigned inputs and Simd weights mod 2^SumBits, given bit plane by bit plane, as the sum of two
// rows. Latency heap_pkg::levels(Simd, InBits, WeightBits).
//
// Weights are in two's complement, and the sum is the dot product plus the constant
// Simd * 2^(WeightBits-1) * (2^InBits - 1): the products of the weights' sign bits come in inverted, and the enclosing
// cell takes the constant away where that is free. Nothing is wider than SumBits. 1-bit weights are binary_dot's.
//
// Products of bits in one column are counted three at a time on the way in (count_three), then compressed (bit_heap);
// without heap_pkg::tables(), only counted.
module wrap_dot #(
    parameter int unsigned Simd = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 2,
    parameter int unsigned SumBits = 8
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [InBits-1:0][Simd-1:0] x_i,
    input  logic [WeightBits-1:0][Simd-1:0] w_i,
    output logic [1:0][SumBits-1:0] rows_o
);
  function automatic int unsigned triples(int unsigned c);
    return heap_pkg::tables() ? heap_pkg::products(c, Simd, InBits, WeightBits) / 3 : 0;
  endfunction

  function automatic int unsigned tall_at(int unsigned c);
    if (heap_pkg::tables()) return heap_pkg::tall_at(c, Simd, InBits, WeightBits);
    return heap_pkg::products(c, Simd, InBits, WeightBits);
  endfunction

  function automatic logic [SumBits-1:0][15:0] heights();
    logic [SumBits-1:0][15:0] result;
    for (int unsigned c = 0; c < SumBits; c++) result[c] = 16'(tall_at(c));
    return result;
  endfunction

  function automatic int unsigned tallest();
    int unsigned result;
    result = 1;
    for (int unsigned c = 0; c < SumBits; c++) if (tall_at(c) > result) result = tall_at(c);
    return result;
  endfunction

  localparam int unsigned Tall = tallest();

  logic [SumBits-1:0][Tall-1:0] sums, carries, bits;
  logic unused;

  // Some are too heavy to matter mod 2^SumBits.
  assign unused = ^{x_i, w_i, carries};

  for (genvar c = 0; c < SumBits; c++) begin : gen_column
    localparam int unsigned Products = heap_pkg::products(c, Simd, InBits, WeightBits);
    localparam int unsigned Triples = triples(c);

    if (Products == 0) begin : gen_none
      assign sums[c] = '0;
      assign carries[c] = '0;
    end else begin : gen_products
      // The sign plane's products, inverted, are the last ones.
      localparam logic [Products-1:0] Inverted =
          c >= WeightBits - 1 ? ~Products'(0) << (Products - Simd) : Products'(0);
      logic [Products-1:0] x, w, product;

      for (genvar i = 0; i < Products / Simd; i++) begin : gen_pair
        localparam int unsigned B = heap_pkg::lowest(c, InBits) + i;
        assign x[i*Simd+:Simd] = x_i[c-B];
        assign w[i*Simd+:Simd] = w_i[B];
      end
      assign product = (x & w) ^ Inverted;

      if (Triples > 0) begin : gen_triples
        logic [1:0][Triples-1:0] count;
        count_three #(
            .Width (Triples),
            .Invert(Inverted[3*Triples-1:0])
        ) i_count (
            .a_i(x[3*Triples-1:0]),
            .b_i(w[3*Triples-1:0]),
            .count_o(count)
        );
        assign sums[c] = Tall'(count[0]) | (Tall'({1'b0, product} >> (3 * Triples)) << Triples);
        assign carries[c] = Tall'(count[1]);
      end else begin : gen_single
        assign sums[c] = Tall'(product);
        assign carries[c] = '0;
      end
    end

    if (c > 0 && triples(c > 0 ? c - 1 : 0) > 0) begin : gen_carries
      assign bits[c] = sums[c] | (carries[c-1] << (Products - 2 * Triples));
    end else begin : gen_no_carries
      assign bits[c] = sums[c];
    end
  end

  heap_sum #(
      .Columns(SumBits),
      .Tall(Tall),
      .Levels(heap_pkg::levels(Simd, InBits, WeightBits)),
      .Heights(heights())
  ) i_sum (
      .clk_i,
      .move_i,
      .bits_i(bits),
      .rows_o
  );
endmodule
