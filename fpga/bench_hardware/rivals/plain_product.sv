// SPDX-License-Identifier: BSD-3-Clause
//
// One product of an unsigned input and a signed weight, in a register: of up to six input bits in all a table, which is
// one LUT6 a bit; else multiplied. Bits: of the product that are wanted.
module plain_product #(
    parameter int unsigned InBits = 4,
    parameter int unsigned WeightBits = 2,
    parameter int unsigned Bits = 6
) (
    input  logic                  clk_i,
    input  logic                  move_i,
    input  logic [    InBits-1:0] x_i,
    input  logic [WeightBits-1:0] w_i,
    output logic [      Bits-1:0] product_o
);
  localparam int unsigned Inputs = InBits + WeightBits;
  logic [Bits-1:0] product;

  function automatic logic [(1<<Inputs)-1:0][Bits-1:0] products();
    logic [(1<<Inputs)-1:0][Bits-1:0] result;
    for (int w = 0; w < 1 << WeightBits; w++) begin
      for (int x = 0; x < 1 << InBits; x++) begin
        result[w<<InBits|x] = Bits'((w < 1 << (WeightBits - 1) ? w : w - (1 << WeightBits)) * x);
      end
    end
    return result;
  endfunction

  if (Inputs <= 6) begin : gen_table
    localparam logic [(1<<Inputs)-1:0][Bits-1:0] Products = products();
    assign product = Products[{w_i, x_i}];
  end else begin : gen_multiply
    logic signed [Inputs-1:0] full;
    assign full = signed'(w_i) * signed'({1'b0, x_i});
    assign product = Bits'(full);
  end

  always_ff @(posedge clk_i) if (move_i) product_o <= product;
endmodule
