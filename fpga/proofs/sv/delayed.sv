// SPDX-License-Identifier: BSD-3-Clause
//
// What went into a pipeline Latency moves ago; filled_o once there were so many.
module delayed #(
    parameter int unsigned Width   = 1,
    parameter int unsigned Latency = 1
) (
    input logic clk_i,
    input logic rst_ni,
    input logic move_i,
    input logic [Width-1:0] now_i,
    output logic [Width-1:0] then_o,
    output logic filled_o
);
  logic [Latency-1:0][Width-1:0] past_q;
  logic [Latency-1:0] known_q;

  assign then_o   = past_q[Latency-1];
  assign filled_o = rst_ni && known_q[Latency-1];

  always_ff @(posedge clk_i) begin
    if (move_i) past_q <= (Latency * Width)'({past_q, now_i});
    if (!rst_ni) known_q <= '0;
    else if (move_i) known_q <= Latency'({known_q, 1'b1});
  end
endmodule
