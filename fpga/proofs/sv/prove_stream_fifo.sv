// SPDX-License-Identifier: BSD-3-Clause
//
// stream_fifo: every word in order; where the output stands, it takes Depth words and no more.
module prove_stream_fifo #(
    parameter int unsigned Width = 1,
    parameter int unsigned Depth = 2
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Width-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, place_o, now_o;
  logic [Width-1:0] words_o;
  logic [$clog2(Depth+2)-1:0] inside_o;
  logic [1:0] stood_q;  // cycles without out_ready_i, to 3

  start i_start (.*);
  stream_fifo #(
      .Width(Width),
      .Depth(Depth)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Width),
      .OutWidth(Width),
      .Flight  (Depth),
      .Patience(Depth + 1)
  ) i_follow (
      .*
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || out_ready_i) stood_q <= '0;
    else if (stood_q != 2'd3) stood_q <= stood_q + 1'b1;
  end

  always_comb begin
    if (now_o) same : assert (out_data_o == words_o);
    if (rst_ni && stood_q == 2'd3) depth : assert (in_ready_o == (32'(inside_o) < Depth));
  end
endmodule
