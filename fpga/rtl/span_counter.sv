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

  if (Count == Inside) begin : gen_all
    step_counter #(
        .Count(Count)
    ) i_steps (
        .clk_i,
        .rst_ni,
        .step_i,
        .last_o
    );
    assign inside_o = 1'b1;
  end else begin : gen_some
    localparam int unsigned Bits = $clog2(Count);
    localparam int unsigned Past = Before + Inside;
    localparam logic [Bits-1:0] Enter = Bits'(lfsr_pkg::at(Bits, Before > 0 ? Before - 1 : 0));
    localparam logic [Bits-1:0] Leave = Bits'(lfsr_pkg::at(Bits, Past - 1));
    localparam logic [Bits-1:0] Final = Bits'(lfsr_pkg::at(Bits, Count - 2));
    logic [Bits-1:0] state_q;
    logic inside_q, last_q, enter, leave;

    assign enter = Before > 0 && state_q == Enter;
    assign leave = After > 0 && state_q == Leave;
    assign inside_o = inside_q;
    assign last_o = last_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (step_i && last_q)) begin
        state_q <= '0;
        inside_q <= Before == 0;
        last_q <= 1'b0;
      end else if (step_i) begin
        state_q <= Bits'(lfsr_pkg::after(Bits, lfsr_pkg::MaxBits'(state_q)));
        inside_q <= enter || (inside_q && !leave);
        last_q <= state_q == Final;
      end
    end
  end
endmodule
