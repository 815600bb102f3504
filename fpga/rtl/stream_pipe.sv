// SPDX-License-Identifier: BSD-3-Clause
//
// Ready/valid streams on both ends of a pipeline of Levels registers, which the enclosing module has between data_o and
// result_i, and which advance with move_o. data_o is a register more. The pipeline stops as a whole, when a result waits.
// Latency Levels + 1.
module stream_pipe #(
    parameter int unsigned InWidth  = 1,
    parameter int unsigned OutWidth = 1,
    parameter int unsigned Levels   = 0
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic [ InWidth-1:0] in_data_i,
    input  logic                in_valid_i,
    output logic                in_ready_o,
    output logic [ InWidth-1:0] data_o,
    output logic                move_o,
    input  logic [OutWidth-1:0] result_i,
    output logic [OutWidth-1:0] out_data_o,
    output logic                out_valid_o,
    input  logic                out_ready_i
);
  logic [Levels:0] valid_q;
  logic [InWidth-1:0] data_q;

  assign move_o = out_ready_i || !valid_q[Levels];
  assign in_ready_o = move_o;
  assign data_o = data_q;
  assign out_data_o = result_i;
  assign out_valid_o = valid_q[Levels];

  always_ff @(posedge clk_i) begin
    if (move_o) data_q <= in_data_i;
    if (!rst_ni) valid_q <= '0;
    else if (move_o) valid_q <= (Levels + 1)'({valid_q, in_valid_i});
  end
endmodule
