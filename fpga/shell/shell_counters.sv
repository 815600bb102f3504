// SPDX-License-Identifier: BSD-3-Clause
// Counts what passed where, and when: enough to tell throughput, fill latency and the place of a stall.
//
// `clear_i` begins a job. Cycles count while `running_i`; the event inputs are handshakes of that cycle, and the cycle
// noted for an event is the number of cycles before it. Everything holds its value until the next `clear_i`.
module shell_counters (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        clear_i,
    input  logic        running_i,
    input  logic        in_beat_i,
    input  logic        in_word_i,
    input  logic        in_stall_i,
    input  logic        out_word_i,
    input  logic        out_frame_i,  // the word that leaves in this cycle is the last of its frame
    input  logic        out_stall_i,
    input  logic        out_beat_i,

    output logic [63:0] cycles_o,
    output logic [31:0] first_output_cycle_o,
    output logic [31:0] first_frame_cycle_o,
    output logic [31:0] last_frame_cycle_o,
    output logic [31:0] frames_out_o,
    output logic [31:0] in_beats_o,
    output logic [31:0] in_words_o,
    output logic [31:0] in_stalls_o,
    output logic [31:0] out_words_o,
    output logic [31:0] out_stalls_o,
    output logic [31:0] out_beats_o
);

  logic [63:0] cycles_q;

  assign cycles_o = cycles_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      cycles_q             <= '0;
      first_output_cycle_o <= '0;
      first_frame_cycle_o  <= '0;
      last_frame_cycle_o   <= '0;
      frames_out_o         <= '0;
      in_beats_o           <= '0;
      in_words_o           <= '0;
      in_stalls_o          <= '0;
      out_words_o          <= '0;
      out_stalls_o         <= '0;
      out_beats_o          <= '0;
    end else begin
      cycles_q     <= cycles_q + 64'(running_i);
      in_beats_o   <= in_beats_o + 32'(in_beat_i);
      in_words_o   <= in_words_o + 32'(in_word_i);
      in_stalls_o  <= in_stalls_o + 32'(in_stall_i && running_i);
      out_words_o  <= out_words_o + 32'(out_word_i);
      out_stalls_o <= out_stalls_o + 32'(out_stall_i && running_i);
      out_beats_o  <= out_beats_o + 32'(out_beat_i);
      frames_out_o <= frames_out_o + 32'(out_frame_i);
      if (out_word_i && out_words_o == '0) first_output_cycle_o <= cycles_q[31:0];
      if (out_frame_i && frames_out_o == '0) first_frame_cycle_o <= cycles_q[31:0];
      if (out_frame_i) last_frame_cycle_o <= cycles_q[31:0];
    end
  end

endmodule
