// SPDX-License-Identifier: BSD-3-Clause
//
// stream_pipe: every word in order, through Levels registers of the enclosing module, each of which adds one.
module prove_stream_pipe #(
    parameter int unsigned Width  = 2,
    parameter int unsigned Levels = 1
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Width:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  localparam int unsigned Flight = Levels + 1;

  logic rst_ni, move_o, place_o, now_o;
  logic [$clog2(Flight+2)-1:0] inside_o;
  logic [Width-1:0] words_o, data_o;
  logic [Levels:0][Width:0] result_q;

  start i_start (.*);
  stream_pipe #(
      .InWidth (Width),
      .OutWidth(Width + 1),
      .Levels  (Levels)
  ) i_cell (
      .*,
      .result_i(result_q[Levels])
  );
  follow #(
      .InWidth (Width),
      .OutWidth(Width + 1),
      .Flight  (Flight),
      .Patience(Levels + 1)
  ) i_follow (
      .*
  );
  assign result_q[0] = {1'b0, data_o};
  for (genvar l = 0; l < Levels; l++) begin : gen_level
    always_ff @(posedge clk_i) if (move_o) result_q[l+1] <= result_q[l] + 1'b1;
  end

  always_comb if (now_o) passed : assert (out_data_o == {1'b0, words_o} + (Width + 1)'(Levels));
endmodule
