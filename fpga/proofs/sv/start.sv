// SPDX-License-Identifier: BSD-3-Clause
//
// The reset of a proof: low in the first cycle, which begins in any state whatsoever, and high from then on.
module start (
    input  logic clk_i,
    output logic rst_ni
);
  logic started_q = 1'b0;
  always_ff @(posedge clk_i) started_q <= 1'b1;
  assign rst_ni = started_q;
endmodule
