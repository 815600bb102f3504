// SPDX-License-Identifier: BSD-3-Clause
// The accelerator behind a serial line: requests in, replies out, as docs/serial.md describes them.
//
// An image enters the accelerator only when its whole frame has arrived undamaged. Words are taken and given as fast as
// the accelerator can, whatever the line's speed. `busy_o` and `error_o` are for lights: a job runs; the latest reply
// was an error.
module uart_shell #(
    parameter int unsigned InWordBytes = 1,
    parameter int unsigned OutWordBytes = 1,
    parameter int unsigned InWordsPerFrame = 1,
    parameter int unsigned OutWordsPerFrame = 1,
    parameter logic [31:0] DesignHash = 32'h0,  // low 32 bits of the design's SHA-256
    parameter int unsigned ClockKhz = 50000,
    parameter int unsigned ClocksPerBit = 25,
    parameter int unsigned WatchdogCycles = 1000000  // that a result may take
) (
    input  logic ap_clk,
    input  logic ap_rst_n,  // synchronous
    input  logic rx_i,      // from the host
    output logic tx_o,      // to the host
    output logic busy_o,
    output logic error_o
);

  localparam int unsigned ImageBytes = InWordBytes * InWordsPerFrame;
  localparam int unsigned AddressBits = $clog2(2 * InWordsPerFrame);
  localparam int unsigned OutWordBits = OutWordsPerFrame > 1 ? $clog2(OutWordsPerFrame) : 1;

  // --- from the line to images ----------------------------------------------------------------------------------

  logic [7:0] line_data, content;
  logic line_valid, content_valid, frame_end, frame_good;

  uart_receiver #(
      .ClocksPerBit(ClocksPerBit)
  ) i_receiver (
      .clk_i  (ap_clk),
      .rst_ni (ap_rst_n),
      .line_i (rx_i),
      .data_o (line_data),
      .valid_o(line_valid)
  );

  frame_decoder i_decoder (
      .clk_i  (ap_clk),
      .rst_ni (ap_rst_n),
      .data_i (line_data),
      .valid_i(line_valid),
      .data_o (content),
      .valid_o(content_valid),
      .end_o  (frame_end),
      .good_o (frame_good)
  );

  logic [InWordBytes*8-1:0] image_word;
  logic [15:0] new_repeat, repeats;
  logic [7:0] new_sequence, sequence_number, said_sequence, answer_sequence;
  logic [2:0] said, answer;
  logic slot_free, image_begin, image_word_valid, accept, abort, said_valid, answer_valid, answer_taken;

  request_parser #(
      .WordBytes (InWordBytes),
      .ImageBytes(ImageBytes)
  ) i_parser (
      .clk_i            (ap_clk),
      .rst_ni           (ap_rst_n),
      .data_i           (content),
      .valid_i          (content_valid),
      .end_i            (frame_end),
      .good_i           (frame_good),
      .slot_free_i      (slot_free),
      .begin_o          (image_begin),
      .word_o           (image_word),
      .word_valid_o     (image_word_valid),
      .accept_o         (accept),
      .sequence_o       (new_sequence),
      .repeat_o         (new_repeat),
      .reset_o          (abort),
      .answer_valid_o   (said_valid),
      .answer_o         (said),
      .answer_sequence_o(said_sequence)
  );

  logic [AddressBits-1:0] first, last, read_address;
  logic image_valid, release_slot, read;

  logic [InWordBytes*8-1:0] in_data;
  logic in_valid, in_ready;

  image_slots #(
      .WordBytes(InWordBytes),
      .Words    (InWordsPerFrame)
  ) i_slots (
      .clk_i         (ap_clk),
      .rst_ni        (ap_rst_n),
      .clear_i       (abort),
      .free_o        (slot_free),
      .begin_i       (image_begin),
      .word_i        (image_word),
      .word_valid_i  (image_word_valid),
      .accept_i      (accept),
      .sequence_i    (new_sequence),
      .repeat_i      (new_repeat),
      .valid_o       (image_valid),
      .sequence_o    (sequence_number),
      .repeat_o      (repeats),
      .first_o       (first),
      .last_o        (last),
      .release_i     (release_slot),
      .read_i        (read),
      .read_address_i(read_address),
      .read_data_o   (in_data)
  );

  // --- through the accelerator ----------------------------------------------------------------------------------

  logic accelerator_rst_n, start, feeding;

  image_feeder #(
      .AddressBits(AddressBits)
  ) i_feeder (
      .clk_i         (ap_clk),
      .rst_ni        (ap_rst_n),
      .clear_i       (!accelerator_rst_n),
      .start_i       (start),
      .repeat_i      (repeats),
      .first_i       (first),
      .last_i        (last),
      .busy_o        (feeding),
      .read_o        (read),
      .read_address_o(read_address),
      .valid_o       (in_valid),
      .ready_i       (in_ready)
  );

  logic [OutWordBytes*8-1:0] out_data, result_data;
  logic [OutWordBits-1:0] out_word, result_word;
  logic out_valid, out_ready;

  accelerator i_accelerator (
      .ap_clk       (ap_clk),
      .ap_rst_n     (accelerator_rst_n),
      .s_axis_tdata (in_data),
      .s_axis_tvalid(in_valid),
      .s_axis_tready(in_ready),
      .m_axis_tdata (out_data),
      .m_axis_tvalid(out_valid),
      .m_axis_tready(out_ready)
  );

  logic [31:0] first_cycles, last_cycles;
  logic [7:0] outcome_sequence;
  logic outcome_valid, outcome_taken, outcome_failed, sending;

  job_runner #(
      .OutWords      (OutWordsPerFrame),
      .WatchdogCycles(WatchdogCycles)
  ) i_runner (
      .clk_i             (ap_clk),
      .rst_ni            (ap_rst_n),
      .abort_i           (abort),
      .image_valid_i     (image_valid),
      .sequence_i        (sequence_number),
      .repeat_i          (repeats),
      .start_o           (start),
      .release_o         (release_slot),
      .feeding_i         (feeding),
      .word_in_i         (in_valid && in_ready),
      .accelerator_rst_no(accelerator_rst_n),
      .out_valid_i       (out_valid),
      .out_ready_o       (out_ready),
      .out_word_o        (out_word),
      .busy_o            (busy_o),
      .hold_i            (sending),
      .outcome_taken_i   (outcome_taken),
      .outcome_valid_o   (outcome_valid),
      .failed_o          (outcome_failed),
      .sequence_o        (outcome_sequence),
      .first_cycles_o    (first_cycles),
      .last_cycles_o     (last_cycles)
  );

  // Every result of a job goes over the one before: the last one stays.
  word_memory #(
      .Width(OutWordBytes * 8),
      .Depth(OutWordsPerFrame)
  ) i_result (
      .clk_i          (ap_clk),
      .write_i        (out_valid && out_ready),
      .write_address_i(out_word),
      .write_data_i   (out_data),
      .read_i         (1'b1),
      .read_address_i (result_word),
      .read_data_o    (result_data)
  );

  // --- from replies to the line ---------------------------------------------------------------------------------

  answer_queue i_queue (
      .clk_i     (ap_clk),
      .rst_ni    (ap_rst_n),
      .answer_i  (said),
      .sequence_i(said_sequence),
      .valid_i   (said_valid),
      .answer_o  (answer),
      .sequence_o(answer_sequence),
      .valid_o   (answer_valid),
      .taken_i   (answer_taken)
  );

  logic [7:0] reply_data, sent_data;
  logic reply_last, reply_valid, reply_ready, sent_valid, sent_ready;

  reply_sender #(
      .WordBytes (OutWordBytes),
      .Words     (OutWordsPerFrame),
      .ImageBytes(ImageBytes),
      .DesignHash(DesignHash),
      .ClockKhz  (ClockKhz)
  ) i_sender (
      .clk_i             (ap_clk),
      .rst_ni            (ap_rst_n),
      .answer_i          (answer),
      .answer_sequence_i (answer_sequence),
      .answer_valid_i    (answer_valid),
      .answer_taken_o    (answer_taken),
      .outcome_valid_i   (outcome_valid),
      .outcome_failed_i  (outcome_failed),
      .outcome_sequence_i(outcome_sequence),
      .first_cycles_i    (first_cycles),
      .last_cycles_i     (last_cycles),
      .outcome_taken_o   (outcome_taken),
      .sending_o         (sending),
      .error_o           (error_o),
      .read_address_o    (result_word),
      .read_data_i       (result_data),
      .data_o            (reply_data),
      .last_o            (reply_last),
      .valid_o           (reply_valid),
      .ready_i           (reply_ready)
  );

  frame_encoder i_encoder (
      .clk_i  (ap_clk),
      .rst_ni (ap_rst_n),
      .data_i (reply_data),
      .last_i (reply_last),
      .valid_i(reply_valid),
      .ready_o(reply_ready),
      .data_o (sent_data),
      .valid_o(sent_valid),
      .ready_i(sent_ready)
  );

  uart_transmitter #(
      .ClocksPerBit(ClocksPerBit)
  ) i_transmitter (
      .clk_i  (ap_clk),
      .rst_ni (ap_rst_n),
      .data_i (sent_data),
      .valid_i(sent_valid),
      .ready_o(sent_ready),
      .line_o (tx_o)
  );

endmodule
