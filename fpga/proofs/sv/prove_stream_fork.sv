// SPDX-License-Identifier: BSD-3-Clause
//
// stream_fork: between one word taken and the next, each output gives that word once. The input word stays while it
// waits, as every output of the toolkit's does.
module prove_stream_fork #(
    parameter int unsigned Width = 1
) (
    input logic clk_i,
    input logic [Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [1:0][Width-1:0] out_data_o,
    output logic [1:0] out_valid_o,
    input logic [1:0] out_ready_i
);
  logic rst_ni, waits_q;
  logic [Width-1:0] waiting_q;
  logic [1:0] given_q, give, stalled_q;

  start i_start (.*);
  stream_fork #(
      .Width(Width)
  ) i_cell (
      .out0_data_o (out_data_o[0]),
      .out0_valid_o(out_valid_o[0]),
      .out0_ready_i(out_ready_i[0]),
      .out1_data_o (out_data_o[1]),
      .out1_valid_o(out_valid_o[1]),
      .out1_ready_i(out_ready_i[1]),
      .*
  );

  assign give = out_valid_o & out_ready_i;

  always_ff @(posedge clk_i) begin
    waiting_q <= in_data_i;
    if (!rst_ni) begin
      waits_q <= 1'b0;
      given_q <= '0;
      stalled_q <= '0;
    end else begin
      waits_q <= in_valid_i && !in_ready_o;
      given_q <= in_valid_i && in_ready_o ? '0 : given_q | give;
      stalled_q <= out_valid_o & ~out_ready_i;
    end
  end

  always_comb begin
    if (waits_q) source : assume (in_valid_i && in_data_i == waiting_q);
    if (rst_ni) begin
      stable : assert ((out_valid_o & stalled_q) == stalled_q);
      once : assert ((out_valid_o & given_q) == '0);
      if (out_valid_o != '0) offered : assert (in_valid_i);
      if (out_valid_o[0]) same0 : assert (out_data_o[0] == in_data_i);
      if (out_valid_o[1]) same1 : assert (out_data_o[1] == in_data_i);
      if (in_valid_i && in_ready_o) both : assert ((given_q | give) == '1);
      if (in_valid_i && out_ready_i == '1) accepted : assert (in_ready_o);
    end
  end
endmodule
