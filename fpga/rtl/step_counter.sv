// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps, Count of them in turn, beginning with the step Start (0 is the first). last_o is a register: the next step
// is the last one. step_i goes through no table.
module step_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic step_i,
    output logic last_o
);
  localparam int unsigned Bits = Count > 1 ? $clog2(Count) : 1;

  logic [Bits-1:0] place;
  logic unused;

  assign unused = ^place;
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
endmodule
