// SPDX-License-Identifier: BSD-3-Clause
//
// arg_max: no class is greater than the one that it names, and none before it is as great.
module prove_arg_max #(
    parameter int unsigned Classes = 2,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 2,
    parameter int unsigned IndexBits = 1,
    parameter int unsigned MaxLevels = 8,
    localparam int unsigned Rows = $clog2(Pe),
    localparam int unsigned Step = MaxLevels < 6 ? 1 : MaxLevels / 3,
    localparam int unsigned Cuts = Rows > Step ? (Rows - 1) / Step : 0
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Pe*Bits-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [IndexBits-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, place_o, now_o;
  logic [$clog2(Cuts + 5)-1:0] inside_o;
  logic [Classes-1:0][Bits-1:0] words_o;
  logic [Classes-1:0] greater, earlier;

  start i_start (.*);
  arg_max #(
      .Classes(Classes),
      .Pe(Pe),
      .Bits(Bits),
      .IndexBits(IndexBits),
      .MaxLevels(MaxLevels)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Pe * Bits),
      .OutWidth(IndexBits),
      .InWords (Classes / Pe),
      .Flight  (3 + Cuts),
      .Patience(2 + Cuts)
  ) i_follow (
      .*
  );

  always_comb begin
    if (now_o) index : assert (32'(out_data_o) < Classes);
    for (int unsigned i = 0; i < Classes; i++) begin
      greater[i] = signed'(words_o[i]) > signed'(words_o[out_data_o]);
      earlier[i] = words_o[i] == words_o[out_data_o] && i < 32'(out_data_o);
    end
    if (now_o) greatest : assert (greater == '0);
    if (now_o) first : assert (earlier == '0);
  end
endmodule
