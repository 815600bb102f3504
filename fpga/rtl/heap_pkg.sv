// SPDX-License-Identifier: BSD-3-Clause
//
// Sizes of the heaps of bits that wrap_dot, binary_dot and digit_dot sum, column by column, and in which form.
package heap_pkg;
  // In which form these cells sum: tables of six inputs with carry chains (bit_heap), or with WRAPNET_ADDERS adders of two
  // numbers (adder_tree), for devices whose tables have four. Verilator counts the bits of each column instead, which is
  // the same sum some ten times faster and takes as many cycles as tables do, unless either is defined.
  function automatic bit tables();
`ifdef WRAPNET_TABLES
    return 1'b1;
`elsif WRAPNET_ADDERS
    return 1'b0;
`elsif VERILATOR
    return 1'b0;
`else
    return 1'b1;
`endif
  endfunction

  function automatic bit adders();
`ifdef WRAPNET_TABLES
    return 1'b0;
`elsif WRAPNET_ADDERS
    return 1'b1;
`else
    return 1'b0;
`endif
  endfunction

  // Levels, and so registers, from columns of `tall` bits to two rows, each of which halves the columns.
  function automatic int unsigned halvings(int unsigned tall);
    return tall > 4 ? unsigned'($clog2(tall)) - 1 : 1;
  endfunction

  // Of binary_dot, which has `pairs` bits in each of its planes: how many of them are added in column c as they are chosen.
  // Each takes a second one, and a third where its chain begins.
  function automatic int unsigned pair_places(int unsigned c, int unsigned pairs);
    int unsigned result;
    result = 0;
    for (int unsigned i = 0; i <= c; i++) result = (pairs + result) / 3;
    return result;
  endfunction

  // Bits of column c behind that: those left and the sums, and above the planes the carries.
  function automatic int unsigned pair_height(int unsigned c, int unsigned pairs, int unsigned in_bits);
    int unsigned prior;
    prior = c == 0 ? 0 : pair_places(c - 1, pairs);
    if (c < in_bits) return pairs + prior - 2 * pair_places(c, pairs);
    return c == in_bits ? prior : 0;
  endfunction

  function automatic int unsigned pair_tall(int unsigned pairs, int unsigned in_bits);
    int unsigned result;
    result = 1;
    for (int unsigned c = 0; c <= in_bits; c++) begin
      if (pair_height(c, pairs, in_bits) > result) result = pair_height(c, pairs, in_bits);
    end
    return result;
  endfunction

  // Levels from there on; adders take the bits as they are chosen.
  function automatic int unsigned binary_levels(int unsigned simd, int unsigned in_bits);
    if (adders()) return halvings((simd + 1) / 2);
    return halvings(pair_tall((simd + 1) / 2, in_bits));
  endfunction

  // Of wrap_dot: column c holds the products of input bit c - b and weight bit b, for b from lowest(c) on.
  function automatic int unsigned lowest(int unsigned c, int unsigned in_bits);
    return c >= in_bits ? c - in_bits + 1 : 0;
  endfunction

  function automatic int unsigned products(int unsigned c, int unsigned simd, int unsigned in_bits,
                                           int unsigned weight_bits);
    if (c > in_bits + weight_bits - 2) return 0;
    return simd * ((c < weight_bits ? c : weight_bits - 1) - lowest(c, in_bits) + 1);
  endfunction

  // Bits of column c once its products, and those of the column below, are counted three at a time; adders take them as
  // they are.
  function automatic int unsigned tall_at(int unsigned c, int unsigned simd, int unsigned in_bits,
                                          int unsigned weight_bits);
    int unsigned own, below;
    own = products(c, simd, in_bits, weight_bits);
    below = c == 0 ? 0 : products(c - 1, simd, in_bits, weight_bits);
    if (adders()) return own;
    return own - 2 * (own / 3) + below / 3;
  endfunction

  // Levels from the products, counted or not, on.
  function automatic int unsigned levels(int unsigned simd, int unsigned in_bits, int unsigned weight_bits);
    int unsigned tall;
    tall = 1;
    for (int unsigned c = 0; c < in_bits + weight_bits; c++) begin
      if (tall_at(c, simd, in_bits, weight_bits) > tall) tall = tall_at(c, simd, in_bits, weight_bits);
    end
    return halvings(tall);
  endfunction

  // Of digit_dot: digit d of a weight has a product of `wide` bits from column 2d on. The first digit in column c, and
  // how many there are.
  function automatic int unsigned first_digit(int unsigned c, int unsigned wide);
    return c < wide ? 0 : (c - wide + 2) / 2;
  endfunction

  function automatic int unsigned digits_at(int unsigned c, int unsigned in_bits, int unsigned weight_bits,
                                            bit ternary);
    int unsigned first, last;
    if (ternary) return c < in_bits ? 1 : 0;
    first = first_digit(c, in_bits + 1);
    last = c / 2 < (weight_bits - 1) / 2 ? c / 2 : (weight_bits - 1) / 2;
    return last >= first ? last - first + 1 : 0;
  endfunction

  function automatic int unsigned most_digits(int unsigned in_bits, int unsigned weight_bits, bit ternary);
    int unsigned result;
    result = 1;
    for (int unsigned c = 0; c < in_bits + weight_bits; c++) begin
      if (digits_at(c, in_bits, weight_bits, ternary) > result) result = digits_at(c, in_bits, weight_bits, ternary);
    end
    return result;
  endfunction

  function automatic int unsigned digit_levels(int unsigned simd, int unsigned in_bits, int unsigned weight_bits,
                                               bit ternary);
    return halvings(simd * most_digits(in_bits, weight_bits, ternary));
  endfunction
endpackage
