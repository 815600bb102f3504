// SPDX-License-Identifier: BSD-3-Clause
//
// Dot product of Simd unsigned inputs and Simd weights mod 2^SumBits, given bit plane by bit plane, as the sum of two
// rows, by signed digits. Latency heap_pkg::digit_levels(Simd, InBits, WeightBits, Ternary).
//
// Ternary: a weight is {negative, not zero}, and the sum is the dot product plus 2^InBits - 1 for each weight of which
// the first bit is 1, a zero or not. Else a weight is in two's complement, in digits of radix 4 (booth_product), and the
// sum is the dot product plus 2^(InBits+1) - 1 times the weights' odd bits, bit 2d+1 weighing 4^d (the sign once more
// for an odd number of bits). These constants depend on the weights alone: of a whole row they are known when it is built.
// Nothing is wider than SumBits.
module digit_dot #(
    parameter int unsigned Simd = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 2,
    parameter bit Ternary = 1'b1,
    parameter int unsigned SumBits = 8
) (
    input  logic clk_i,
    input  logic move_i,
    input  logic [InBits-1:0][Simd-1:0] x_i,
    input  logic [WeightBits-1:0][Simd-1:0] w_i,
    output logic [1:0][SumBits-1:0] rows_o
);
  if (WeightBits < 2 || (Ternary && WeightBits != 2)) begin : gen_check_weight_bits
    $error("digit_dot: WeightBits is %0d, expected 2 for ternary weights, at least 2 for others", WeightBits);
  end

  localparam int unsigned Digits = Ternary ? 1 : (WeightBits + 1) / 2;
  localparam int unsigned Wide = Ternary ? InBits : InBits + 1;  // bits of a digit's product
  localparam int unsigned Tall = Simd * heap_pkg::most_digits(InBits, WeightBits, Ternary);

  function automatic logic [SumBits-1:0][15:0] heights();
    logic [SumBits-1:0][15:0] result;
    for (int unsigned c = 0; c < SumBits; c++) begin
      result[c] = 16'(Simd * heap_pkg::digits_at(c, InBits, WeightBits, Ternary));
    end
    return result;
  endfunction

  logic [Digits-1:0][Wide-1:0][Simd-1:0] products;
  logic [SumBits-1:0][Tall-1:0] bits;
  logic unused;

  // Some are too heavy to matter mod 2^SumBits.
  assign unused = ^products;

  if (Ternary) begin : gen_ternary
    sign_gate #(
        .Width(InBits),
        .Count(Simd)
    ) i_products (
        .x_i,
        .on_i(w_i[0]),
        .neg_i(w_i[1]),
        .product_o(products)
    );
  end else begin : gen_booth
    booth_product #(
        .Width(InBits),
        .WeightBits(WeightBits),
        .Count(Simd)
    ) i_products (
        .x_i,
        .w_i,
        .product_o(products)
    );
  end

  for (genvar c = 0; c < SumBits; c++) begin : gen_column
    localparam int unsigned First = heap_pkg::first_digit(c, Wide);
    for (genvar k = 0; k < Tall / Simd; k++) begin : gen_digit
      if (First + k < Digits && 2 * (First + k) <= c) begin : gen_bits
        assign bits[c][k*Simd+:Simd] = products[First+k][c-2*(First+k)];
      end else begin : gen_none
        assign bits[c][k*Simd+:Simd] = '0;
      end
    end
  end

  heap_sum #(
      .Columns(SumBits),
      .Tall(Tall),
      .Levels(heap_pkg::digit_levels(Simd, InBits, WeightBits, Ternary)),
      .Heights(heights())
  ) i_sum (
      .clk_i,
      .move_i,
      .bits_i(bits),
      .rows_o
  );
endmodule
