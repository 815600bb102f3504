// SPDX-License-Identifier: BSD-3-Clause
//
// span_counter: whether the next step of Before + Inside + After in turn is one inside, and the last one.
module prove_span_counter #(
    parameter int unsigned Before = 0,
    parameter int unsigned Inside = 1,
    parameter int unsigned After  = 0,
    parameter int unsigned Start  = 0
) (
    input logic clk_i,
    input logic step_i
);
  localparam int unsigned Count = Before + Inside + After;

  logic rst_ni, inside_o, last_o;
  logic [7:0] number_q;

  start i_start (.*);
  span_counter #(
      .Before(Before),
      .Inside(Inside),
      .After (After),
      .Start (Start)
  ) i_cell (
      .*
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) number_q <= 8'(Start);
    else if (step_i) number_q <= number_q == 8'(Count - 1) ? '0 : number_q + 1'b1;
  end

  always_comb begin
    if (rst_ni) begin
      last : assert (last_o == (number_q == 8'(Count - 1)));
      among : assert (inside_o == (number_q >= 8'(Before) && number_q < 8'(Before + Inside)));
    end
  end
endmodule
