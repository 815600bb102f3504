// SPDX-License-Identifier: BSD-3-Clause
// Frames out on a line and frames in from another, each way with the cells that uart_shell uses for it.
module loop #(
    parameter int unsigned ClocksPerBit = 4
) (
    input  logic       clk_i,
    input  logic       rst_ni,
    input  logic [7:0] data_i,
    input  logic       last_i,
    input  logic       valid_i,
    output logic       ready_o,
    output logic       line_o,

    input  logic       line_i,
    output logic [7:0] data_o,
    output logic       valid_o,
    output logic       end_o,
    output logic       good_o
);

  logic [7:0] sent, got;
  logic sent_valid, sent_ready, got_valid;

  frame_encoder i_encoder (
      .clk_i  (clk_i),
      .rst_ni (rst_ni),
      .data_i (data_i),
      .last_i (last_i),
      .valid_i(valid_i),
      .ready_o(ready_o),
      .data_o (sent),
      .valid_o(sent_valid),
      .ready_i(sent_ready)
  );

  uart_transmitter #(
      .ClocksPerBit(ClocksPerBit)
  ) i_transmitter (
      .clk_i  (clk_i),
      .rst_ni (rst_ni),
      .data_i (sent),
      .valid_i(sent_valid),
      .ready_o(sent_ready),
      .line_o (line_o)
  );

  uart_receiver #(
      .ClocksPerBit(ClocksPerBit)
  ) i_receiver (
      .clk_i  (clk_i),
      .rst_ni (rst_ni),
      .line_i (line_i),
      .data_o (got),
      .valid_o(got_valid)
  );

  frame_decoder i_decoder (
      .clk_i  (clk_i),
      .rst_ni (rst_ni),
      .data_i (got),
      .valid_i(got_valid),
      .data_o (data_o),
      .valid_o(valid_o),
      .end_o  (end_o),
      .good_o (good_o)
  );

endmodule
