// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps in turn: Before, Inside, After. inside_o and last_o are registers: the next step is one inside, and the
// last one of all.
module span_counter #(
    parameter int unsigned Before = 0,
    parameter int unsigned Inside = 1,
    parameter int unsigned After  = 0
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic step_i,
    output logic inside_o,
    output logic last_o
);
  localparam int unsigned Count = Before + Inside + After;

  if (Inside < 1) begin : gen_check_inside
    $error("span_counter: Inside is 0, expected at least 1");
  end

  step_counter #(
      .Count(Count)
  ) i_steps (
      .clk_i,
      .rst_ni,
      .step_i,
      .last_o
  );

  if (Count == Inside) begin : gen_all
    assign inside_o = 1'b1;
  end else begin : gen_some
    logic inside_q, past_q, due;

    stride_counter #(
        .First (Before == 0 ? Inside : Before),
        .Stride(Inside)
    ) i_change (
        .clk_i,
        .rst_ni,
        .step_i,
        .restart_i(last_o),
        .due_o(due)
    );
    assign inside_o = inside_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (step_i && last_o)) begin
        inside_q <= Before == 0;
        past_q <= 1'b0;
      end else if (step_i && due) begin
        inside_q <= !inside_q && !past_q;
        past_q <= past_q || inside_q;
      end
    end
  end
endmodule
