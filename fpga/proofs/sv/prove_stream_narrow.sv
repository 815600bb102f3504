// SPDX-License-Identifier: BSD-3-Clause
//
// stream_narrow: each word's parts in order, its lowest bits first. The input word stays while it waits, as every output
// of the toolkit's does; the word that is followed counts from its first offer, because its parts leave before it is
// taken.
module prove_stream_narrow #(
    parameter int unsigned Width = 1,
    parameter int unsigned Parts = 2
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Parts*Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Width-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  logic rst_ni, now_o, fresh_q, waits_q;
  logic [$clog2(Parts)-1:0] place_o;
  logic [2:0] inside_o;
  logic [Parts-1:0][Width-1:0] words_o;
  logic [Parts*Width-1:0] waiting_q;
  logic [$clog2(Parts+4)-1:0] hungry_q;

  start i_start (.*);
  stream_narrow #(
      .Width(Width),
      .Parts(Parts)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Parts * Width),
      .OutWidth(Width),
      .OutWords(Parts),
      .Flight  (3),
      .Patience(2 * Parts + 3)
  ) i_follow (
      .in_ready_o(fresh_q),
      .*
  );

  always_ff @(posedge clk_i) begin
    waiting_q <= in_data_i;
    if (!rst_ni) begin
      fresh_q  <= 1'b1;
      waits_q  <= 1'b0;
      hungry_q <= '0;
    end else begin
      if (in_valid_i) fresh_q <= in_ready_o;
      waits_q <= in_valid_i && !in_ready_o;
      if (!in_valid_i || in_ready_o) hungry_q <= '0;
      else hungry_q <= hungry_q + $bits(hungry_q)'(out_ready_i);
    end
  end

  always_comb begin
    if (waits_q) source : assume (in_valid_i && in_data_i == waiting_q);
    if (now_o) part : assert (out_data_o == words_o[place_o]);
    if (rst_ni) taken : assert (32'(hungry_q) <= Parts + 2);
  end
endmodule
