// SPDX-License-Identifier: BSD-3-Clause
//
// One product of an unsigned input and a weight, signed, in a register. Binary: bit 1 is +1, bit 0 is -1, and the
// product is the input or its negative. Ternary (two's complement -1, 0, 1): the input, its negative or 0. With inputs
// of up to 4 bits each bit of these is one table. Other weights are multiplied. Bits: of the product that are wanted.
module plain_product #(
    parameter int unsigned InBits = 4,
    parameter int unsigned WeightBits = 1,
    parameter bit Ternary = 1'b0,
    parameter int unsigned Bits = 5
) (
    input  logic                  clk_i,
    input  logic                  move_i,
    input  logic [    InBits-1:0] x_i,
    input  logic [WeightBits-1:0] w_i,
    output logic [      Bits-1:0] product_o
);
  logic [Bits-1:0] product;

  if (WeightBits == 1) begin : gen_binary
    assign product = w_i[0] ? Bits'(x_i) : -Bits'(x_i);
  end else if (Ternary) begin : gen_ternary
    always_comb begin
      unique case (w_i)
        2'b01:   product = Bits'(x_i);
        2'b11:   product = -Bits'(x_i);
        default: product = '0;
      endcase
    end
  end else begin : gen_multiply
    logic signed [InBits+WeightBits-1:0] full;
    assign full = signed'(w_i) * signed'({1'b0, x_i});
    assign product = Bits'(full);
  end

  always_ff @(posedge clk_i) if (move_i) product_o <= product;
endmodule
