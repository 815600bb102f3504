// SPDX-License-Identifier: BSD-3-Clause
//
// Count products of an unsigned number and a weight in two's complement, digit by digit of the weight in radix 4 (Booth),
// but for constants; bit plane by bit plane. No registers.
//
// Digit d is w[2d-1] + w[2d] - 2 w[2d+1], from -2 to 2: w[-1] is 0, and above the weight its sign goes on. product_o[d]
// is digit times number, every bit of the magnitude inverted where w[2d+1]: that is (2^(Width+1) - 1) more than it.
//
// WeightBits is at least 2. Bits with five inputs together share a LUT6: fpga/rtl_xc7/booth_product.v.
module booth_product #(
    parameter int unsigned Width = 2,
    parameter int unsigned WeightBits = 4,
    parameter int unsigned Count = 1
) (
    input  logic [Width-1:0][Count-1:0] x_i,
    input  logic [WeightBits-1:0][Count-1:0] w_i,
    output logic [(WeightBits+1)/2-1:0][Width:0][Count-1:0] product_o
);
  logic [Count-1:0] low, middle, high, once, twice;

  always_comb begin
    high = '0;
    for (int unsigned d = 0; d < (WeightBits + 1) / 2; d++) begin
      low = high;
      middle = w_i[2*d];
      high = w_i[2*d+1<WeightBits?2*d+1 : WeightBits-1];
      once = middle ^ low;
      twice = (high ^ middle) & ~once;
      product_o[d][0] = (once & x_i[0]) ^ high;
      for (int unsigned i = 1; i < Width; i++) product_o[d][i] = ((once & x_i[i]) | (twice & x_i[i-1])) ^ high;
      product_o[d][Width] = (twice & x_i[Width-1]) ^ high;
    end
  end
endmodule
