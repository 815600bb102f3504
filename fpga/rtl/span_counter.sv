// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps in turn, beginning with the step Start (0 is the first): Before, Inside, After. inside_o and last_o are
// registers: the next step is one inside, and the last one of all.
module span_counter #(
    parameter int unsigned Before = 0,
    parameter int unsigned Inside = 1,
    parameter int unsigned After  = 0,
    parameter int unsigned Start  = 0
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
        .Count(Count),
        .Start(Start)
    ) i_steps (
        .clk_i,
        .rst_ni,
        .step_i,
        .last_o
    );
    assign inside_o = 1'b1;
  end else begin : gen_some
    localparam int unsigned Bits = $clog2(Count);
    // The last steps outside and inside.
    localparam logic [Bits-1:0] Enter = Bits'(lfsr_pkg::at(Bits, Count, Before > 0 ? Before - 1 : Count - 1));
    localparam logic [Bits-1:0] Leave = Bits'(lfsr_pkg::at(Bits, Count, Before + Inside - 1));
    logic [Bits-1:0] place;
    logic inside_q;

    assign inside_o = inside_q;
    place_counter #(
        .Count(Count),
        .Start(Start)
    ) i_places (
        .clk_i,
        .rst_ni,
        .step_i,
        .place_o(place),
        .last_o
    );
    always_ff @(posedge clk_i) begin
      if (!rst_ni) inside_q <= int'(Start) >= int'(Before) && int'(Start) < int'(Before + Inside);
      else if (step_i) inside_q <= place == Enter || (inside_q && place != Leave);
    end
  end
endmodule
