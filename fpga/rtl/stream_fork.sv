// SPDX-License-Identifier: BSD-3-Clause
//
// One stream to two: each word goes once to each output, in its own time. The input moves on when both have it.
//
// No latency and no data register; one bit a side remembers who has the word. A fork and join of two paths needs a
// stream_fifo on the shorter one.
module stream_fork #(
    parameter int unsigned Width = 8
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic [Width-1:0] in_data_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    output logic [Width-1:0] out0_data_o,
    output logic             out0_valid_o,
    input  logic             out0_ready_i,
    output logic [Width-1:0] out1_data_o,
    output logic             out1_valid_o,
    input  logic             out1_ready_i
);
  logic [1:0] done_q, ready;

  assign ready = {out1_ready_i, out0_ready_i} | done_q;
  assign in_ready_o = &ready;
  assign out0_data_o = in_data_i;
  assign out1_data_o = in_data_i;
  assign out0_valid_o = in_valid_i && !done_q[0];
  assign out1_valid_o = in_valid_i && !done_q[1];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) done_q <= '0;
    else if (in_valid_i) done_q <= in_ready_o ? '0 : ready;
  end
endmodule
