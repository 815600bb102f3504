// SPDX-License-Identifier: BSD-3-Clause
//
// Running sum mod 2^Bits of a vector's terms, each of which comes as the sum of two: sum_o is Start and the terms up to
// terms_i; valid_i and last_i belong to terms_i. After the last one the sum begins anew at Start. Single: every term is
// the last one. With a Start of 0, the sum begins at what start_i has with the first term; it is 0 with all others.
module wrap_accumulate #(
    parameter int unsigned     Bits   = 8,
    parameter bit              Single = 1'b0,
    parameter logic [Bits-1:0] Start  = '0
) (
    input  logic                 clk_i,
    input  logic                 rst_ni,
    input  logic                 move_i,
    input  logic                 valid_i,
    input  logic                 last_i,
    input  logic [1:0][Bits-1:0] terms_i,
    input  logic [     Bits-1:0] start_i,
    output logic [     Bits-1:0] sum_o
);
  logic [Bits-1:0] sum_q;

  add_three #(
      .Width(Bits)
  ) i_add (
      .bits_i({sum_q, terms_i}),
      .start_i,
      .sum_o
  );

  if (Single) begin : gen_single
    logic unused;
    assign unused = ^{clk_i, rst_ni, move_i, valid_i, last_i};
    assign sum_q  = Start;
  end else begin : gen_running
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (move_i && valid_i && last_i)) sum_q <= Start;
      else if (move_i && valid_i) sum_q <= sum_o;
    end
  end
endmodule
