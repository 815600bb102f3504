// SPDX-License-Identifier: BSD-3-Clause
//
// place_counter: the place of the next step is another one for each of Count, and the same in every round; of a dense one
// it is the step's number. Whether the step is the last.
module prove_place_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0,
    parameter bit Dense = 1'b0
) (
    input logic clk_i,
    input logic step_i
);
  localparam int unsigned Bits = Count > 1 ? $clog2(Count) : 1;

  logic rst_ni, last_o;
  logic [Bits-1:0] place_o;
  logic [7:0] number_q;
  logic [Count-1:0][Bits-1:0] places;

  start i_start (.*);
  place_counter #(
      .Count(Count),
      .Start(Start),
      .Dense(Dense)
  ) i_cell (
      .*
  );

  for (genvar i = 0; i < Count; i++) begin : gen_step
    localparam int unsigned Place = Dense ? i : 32'(lfsr_pkg::at(Bits, Count, i));
    assign places[i] = Bits'(Place);
    if (Place >= 1 << Bits) $error("place %0d of step %0d has more than %0d bits", Place, i, Bits);
    for (genvar j = 0; j < i; j++) begin : gen_other
      always_comb apart : assert (places[i] != places[j]);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) number_q <= 8'(Start);
    else if (step_i) number_q <= number_q == 8'(Count - 1) ? '0 : number_q + 1'b1;
  end

  always_comb begin
    if (rst_ni) begin
      where : assert (place_o == places[number_q]);
      last : assert (last_o == (number_q == 8'(Count - 1)));
    end
  end
endmodule
