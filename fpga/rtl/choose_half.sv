// SPDX-License-Identifier: BSD-3-Clause
//
// Count pairs of bits a, b with weights of +1 (on) or -1: the bit h of
//   +-a +-b = 2 * h - (a ^ b) - 2 * (both weights are -1). No registers.
module choose_half #(
    parameter int unsigned Count = 1
) (
    input  logic [Count-1:0] a_i,
    input  logic [Count-1:0] b_i,
    input  logic [Count-1:0] a_on_i,
    input  logic [Count-1:0] b_on_i,
    output logic [Count-1:0] half_o
);
  assign half_o = (a_on_i & b_on_i & (a_i | b_i)) | (a_on_i & ~b_on_i & a_i & ~b_i) |
                  (~a_on_i & b_on_i & ~a_i & b_i) | ~(a_on_i | b_on_i | (a_i & b_i));
endmodule
