// SPDX-License-Identifier: BSD-3-Clause
//
// add_running: a term and the sum before it, which counts only with keep_i, and has start_i put into it.
module prove_add_running #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,  // only a counterexample's trace needs it
    input logic [Width-1:0] term_i,
    input logic [Width-1:0] sum_i,
    input logic keep_i,
    input logic [Width-1:0] start_i
);
  logic [Width-1:0] sum_o, prior;

  add_running #(.Width(Width)) i_cell (.*);

  always_comb begin
    prior = keep_i ? sum_i : '0;
    for (int unsigned i = 0; i < Width; i++) if (start_i[i]) prior[i] = 1'b1;
    summed : assert (sum_o == Width'(64'(term_i) + 64'(prior)));
  end
endmodule
