// SPDX-License-Identifier: BSD-3-Clause
//
// Width converter to words of a Parts-th of the width: each word in gives Parts words out, its lowest bits first.
//
// The word in waits where it is until its last part has gone: a multiplexer and a pair of words, no shift register.
// One word a cycle out, latency 1. No path leads from out_ready_i to in_ready_o, and none from in_valid_i to
// out_valid_o.
module stream_narrow #(
    parameter int unsigned Width = 4,
    parameter int unsigned Parts = 2
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic [Parts*Width-1:0] in_data_i,
    input  logic                   in_valid_i,
    output logic                   in_ready_o,
    output logic [      Width-1:0] out_data_o,
    output logic                   out_valid_o,
    input  logic                   out_ready_i
);
  if (Width < 1 || Parts < 2) begin : gen_check_size
    $error("stream_narrow: Width is %0d and Parts %0d, expected at least 1 and 2", Width, Parts);
  end

  localparam int unsigned PartBits = Parts > 1 ? $clog2(Parts) : 1;

  logic [Parts-1:0][Width-1:0] parts;
  logic [PartBits-1:0] part;
  logic last, free;

  assign parts = in_data_i;
  assign in_ready_o = free && last;

  index_counter #(
      .Count(Parts)
  ) i_parts (
      .clk_i,
      .rst_ni,
      .step_i (in_valid_i && free),
      .index_o(part),
      .last_o (last)
  );
  stream_fifo #(
      .Width(Width),
      .Depth(2)
  ) i_pair (
      .clk_i,
      .rst_ni,
      .in_data_i(parts[part]),
      .in_valid_i,
      .in_ready_o(free),
      .out_data_o,
      .out_valid_o,
      .out_ready_i
  );
endmodule
