// SPDX-License-Identifier: BSD-3-Clause
//
// Count products of an unsigned number and -1, 0 or 1, but for a constant: x_i where on_i, else 0, every bit inverted
// where neg_i; bit plane by bit plane. With neg_i that is (2^Width - 1) more than the product. No registers.
//
// Two bits of a product share a LUT6: fpga/rtl_xc7/sign_gate.v.
module sign_gate #(
    parameter int unsigned Width = 2,
    parameter int unsigned Count = 1
) (
    input  logic [Width-1:0][Count-1:0] x_i,
    input  logic [Count-1:0] on_i,
    input  logic [Count-1:0] neg_i,
    output logic [Width-1:0][Count-1:0] product_o
);
  always_comb begin
    for (int unsigned i = 0; i < Width; i++) product_o[i] = (x_i[i] & on_i) ^ neg_i;
  end
endmodule
