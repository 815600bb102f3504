// SPDX-License-Identifier: BSD-3-Clause
//
// wrap_accumulate: Start, what the first term came with, and the vector's terms so far, mod 2^Bits, for vectors of at most four pairs of terms.
module prove_wrap_accumulate #(
    parameter int unsigned     Bits   = 4,
    parameter bit              Single = 1'b0,
    parameter logic [Bits-1:0] Start  = '0
) (
    input logic clk_i,
    input logic move_i,
    input logic valid_i,
    input logic last_i,
    input logic [1:0][Bits-1:0] terms_i,
    input logic [Bits-1:0] start_i
);
  logic rst_ni;
  logic [Bits-1:0] sum_o;
  logic [2:0][Bits-1:0] past_q;  // of this vector, the pairs before terms_i, each its sum; 0 where there is none
  logic [Bits-1:0] begun_q, want;
  logic [1:0] count_q;

  start i_start (.*);
  wrap_accumulate #(
      .Bits  (Bits),
      .Single(Single),
      .Start (Start)
  ) i_cell (
      .*
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || (move_i && valid_i && (last_i || Single))) begin
      past_q  <= '0;
      begun_q <= '0;
      count_q <= '0;
    end else if (move_i && valid_i) begin
      past_q  <= (3 * Bits)'({past_q, terms_i[0] + terms_i[1]});
      begun_q <= begun_q | start_i;
      count_q <= count_q + 1'b1;
    end
  end

  always_comb begin
    if (heap_pkg::adders()) one : assume (terms_i[1] == '0);
    if (count_q == 2'd3) four : assume (last_i);
    if (Start != '0 || count_q != '0) begins : assume (start_i == '0);
    want = Start + begun_q + start_i + past_q[0] + past_q[1] + past_q[2] + terms_i[0] + terms_i[1];
    if (rst_ni) summed : assert (sum_o == want);
  end
endmodule
