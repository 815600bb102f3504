// SPDX-License-Identifier: BSD-3-Clause
//
// step_counter: the next step is the last of Count, the first of all being step Start.
module prove_step_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0
) (
    input logic clk_i,
    input logic step_i
);
  logic rst_ni, last_o;
  logic [7:0] number_q;

  start i_start (.*);
  step_counter #(
      .Count(Count),
      .Start(Start)
  ) i_cell (
      .*
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) number_q <= 8'(Start);
    else if (step_i) number_q <= number_q == 8'(Count - 1) ? '0 : number_q + 1'b1;
  end

  always_comb if (rst_ni) last : assert (last_o == (number_q == 8'(Count - 1)));
endmodule
