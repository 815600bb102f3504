// SPDX-License-Identifier: BSD-3-Clause
//
// stride_counter: the next step since a restart is the First-th, or a multiple of Stride steps behind it.
module prove_stride_counter #(
    parameter int unsigned First  = 1,
    parameter int unsigned Stride = 1
) (
    input logic clk_i,
    input logic step_i,
    input logic restart_i
);
  logic rst_ni, due_o;
  // Steps since a restart; behind the First-th, those since the last one that was due.
  logic [7:0] number_q;
  logic behind_q;

  start i_start (.*);
  stride_counter #(
      .First (First),
      .Stride(Stride)
  ) i_cell (
      .*
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || (step_i && restart_i)) begin
      number_q <= '0;
      behind_q <= 1'b0;
    end else if (step_i) begin
      number_q <= due_o ? '0 : number_q + 1'b1;
      behind_q <= behind_q || due_o;
    end
  end

  always_comb if (rst_ni) due : assert (due_o == (number_q == 8'((behind_q ? Stride : First) - 1)));
endmodule
