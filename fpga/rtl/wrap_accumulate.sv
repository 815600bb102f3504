// SPDX-License-Identifier: BSD-3-Clause
//
// Running sum mod 2^Bits of a vector's terms, each of which comes as the sum of two: sum_o is Start and the terms up to
// terms_i; valid_i and last_i belong to terms_i. After the last one the sum begins anew at Start. Single: every term is
// the last one. With a Start of 0, the sum begins at what start_i has with the first term; it is 0 with all others.
//
// In the form of adders (heap_pkg) the second of the two must be 0, and the sum begins anew by what is added, not by a
// reset of its register: a reset in so many registers would come late.
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

  if (heap_pkg::adders()) begin : gen_adders
    logic begun;  // whether sum_q is of terms before
    logic unused;

    assign unused = ^terms_i[1];

    add_running #(
        .Width(Bits)
    ) i_add (
        .term_i(terms_i[0]),
        .sum_i(sum_q),
        .keep_i(begun),
        .start_i(start_i | (Start & {Bits{!begun}})),
        .sum_o
    );

    if (Single) begin : gen_single
      logic unused_single;
      assign unused_single = ^{clk_i, rst_ni, move_i, valid_i, last_i};
      assign begun = 1'b0;
      assign sum_q = '0;
    end else begin : gen_running
      logic begun_q;
      assign begun = begun_q;
      always_ff @(posedge clk_i) begin
        if (!rst_ni) begun_q <= 1'b0;
        else if (move_i && valid_i) begun_q <= !last_i;
        if (move_i && valid_i) sum_q <= sum_o;
      end
    end
  end else begin : gen_tables
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
  end
endmodule
