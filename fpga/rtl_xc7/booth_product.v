// SPDX-License-Identifier: BSD-3-Clause
//
// booth_product of 7-series primitives. A LUT6 has two outputs of the same five inputs. A bit depends on two bits of the
// number, next to each other, and three of the weight, of which digit 0 has but two and the outermost bits of the number
// but one: digit 0 goes in pairs of neighbours from bit 1 on, its bit 0 with that of digit 1, and the two highest
// bits of every digit together.
module booth_product #(
    parameter Width = 2,
    parameter WeightBits = 4,
    parameter Count = 1
) (
    input  [                  Width*Count-1:0] x_i,
    input  [             WeightBits*Count-1:0] w_i,
    output [(WeightBits+1)/2*(Width+1)*Count-1:0] product_o
);
  // Bit of a digit's product: of the number's bit and the one below it, and of the weight's three bits.
  function bit_of(input here, input below, input low, input middle, input high);
    bit_of = (((middle ^ low) & here) | ((high ^ middle) & ~(middle ^ low) & below)) ^ high;
  endfunction

  // Inputs: below, here, low, middle, high.
  function [31:0] single(input dummy);
    integer i;
    for (i = 0; i < 32; i = i + 1) single[i] = bit_of(i[1], i[0], i[2], i[3], i[4]);
  endfunction

  // Digit 0, two neighbours. Inputs: below, here, above, middle, high.
  function [63:0] neighbours(input dummy);
    integer i;
    for (i = 0; i < 32; i = i + 1) begin
      neighbours[i] = bit_of(i[1], i[0], 1'b0, i[3], i[4]);
      neighbours[32+i] = bit_of(i[2], i[1], 1'b0, i[3], i[4]);
    end
  endfunction

  // The lowest bits of digits 0 and 1. Inputs: the number's lowest bit, four of the weight.
  function [63:0] lowest(input dummy);
    integer i;
    for (i = 0; i < 32; i = i + 1) begin
      lowest[i] = bit_of(i[0], 1'b0, 1'b0, i[1], i[2]);
      lowest[32+i] = bit_of(i[0], 1'b0, i[2], i[3], i[4]);
    end
  endfunction

  // The two highest bits of a digit. Inputs: below, here, low, middle, high.
  function [63:0] highest(input dummy);
    integer i;
    for (i = 0; i < 32; i = i + 1) begin
      highest[i] = bit_of(i[1], i[0], i[2], i[3], i[4]);
      highest[32+i] = bit_of(1'b0, i[1], i[2], i[3], i[4]);
    end
  endfunction

  genvar p, d, i;

  generate
    for (p = 0; p < Count; p = p + 1) begin : gen_product
      for (d = 0; 2 * d < WeightBits; d = d + 1) begin : gen_digit
        wire low, middle, high;
        wire [Width+1:0] x;  // with nothing below and above it
        wire [Width:0] out;
        assign middle = w_i[2*d*Count+p];
        assign high = w_i[(2*d+1<WeightBits?2*d+1 : WeightBits-1)*Count+p];
        assign x[0] = 1'b0;
        assign x[Width+1] = 1'b0;
        if (d == 0) begin : gen_none
          assign low = 1'b0;
        end else begin : gen_low
          assign low = w_i[(2*d-1)*Count+p];
        end
        for (i = 0; i < Width; i = i + 1) begin : gen_input
          assign x[i+1] = x_i[i*Count+p];
        end
        for (i = 0; i <= Width; i = i + 1) begin : gen_bit
          assign product_o[(d*(Width+1)+i)*Count+p] = out[i];
          if (d == 0 && i % 2 == 1 && i < Width) begin : gen_neighbours
            LUT6_2 #(
                .INIT(neighbours(1'b0))
            ) i_lut (
                .I0(x[i]),
                .I1(x[i+1]),
                .I2(x[i+2]),
                .I3(middle),
                .I4(high),
                .I5(1'b1),
                .O5(out[i]),
                .O6(out[i+1])
            );
          end else if (d == 0 && i == 0 && WeightBits > 2) begin : gen_lowest
            LUT6_2 #(
                .INIT(lowest(1'b0))
            ) i_lut (
                .I0(x[1]),
                .I1(middle),
                .I2(high),
                .I3(w_i[2*Count+p]),
                .I4(w_i[(WeightBits>3?3 : 2)*Count+p]),
                .I5(1'b1),
                .O5(out[0]),
                .O6(gen_digit[1].out[0])
            );
          end else if (d > 0 && i > 0 && i == Width - 1) begin : gen_highest
            LUT6_2 #(
                .INIT(highest(1'b0))
            ) i_lut (
                .I0(x[i]),
                .I1(x[i+1]),
                .I2(low),
                .I3(middle),
                .I4(high),
                .I5(1'b1),
                .O5(out[i]),
                .O6(out[i+1])
            );
          end else if (!(d == 0 && i > 0 && i % 2 == 0) && !(d == 1 && i == 0) &&
                       !(d > 0 && Width > 1 && i == Width)) begin : gen_single
            LUT5 #(
                .INIT(single(1'b0))
            ) i_lut (
                .I0(x[i]),
                .I1(x[i+1]),
                .I2(low),
                .I3(middle),
                .I4(high),
                .O (out[i])
            );
          end
        end
      end
    end
  endgenerate
endmodule
