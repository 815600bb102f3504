// SPDX-License-Identifier: BSD-3-Clause
//
// index_counter: the number of the next step, the first of all being step Start, and whether it is the last of Count.
module prove_index_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0
) (
    input logic clk_i,
    input logic step_i
);
  localparam int unsigned Bits = Count > 1 ? $clog2(Count) : 1;

  logic rst_ni, last_o;
  logic [Bits-1:0] index_o;
  logic [7:0] number_q;

  start i_start (.*);
  index_counter #(
      .Count(Count),
      .Start(Start)
  ) i_cell (
      .*
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) number_q <= 8'(Start);
    else if (step_i) number_q <= number_q == 8'(Count - 1) ? '0 : number_q + 1'b1;
  end

  always_comb begin
    if (rst_ni) begin
      which : assert (8'(index_o) == number_q);
      last : assert (last_o == (number_q == 8'(Count - 1)));
    end
  end
endmodule
