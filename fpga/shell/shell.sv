// SPDX-License-Identifier: BSD-3-Clause
// The accelerator as a processor sees it: registers (AXI4-Lite, registers.py), frames read from memory, results
// written to memory (two AXI4 ports of 64 bits), counters.
//
// Memory holds the stream words one after the other, frames without gaps, lowest byte first. Start the output DMA,
// then the input DMA. A bus error, a refused job or a write to RESET ends both DMAs (bursts that have begun are
// completed), then resets the accelerator. After an error both done bits are set and starts are refused until the
// error bits are cleared, so nothing waits for frames that never come. After RESET the done bits are clear; a start
// that comes before the reset is over begins after it.
module shell #(
    parameter int unsigned InWordBytes = 1,
    parameter int unsigned OutWordBytes = 1,
    parameter int unsigned InWordsPerFrame = 1,
    parameter int unsigned OutWordsPerFrame = 1,
    parameter logic [31:0] DesignHash = 32'h0,  // low 32 bits of the design's SHA-256
    parameter int unsigned ClockMhz = 100
) (
    input  logic        ap_clk,
    input  logic        ap_rst_n,  // synchronous

    input  logic [11:0] s_axi_awaddr,
    input  logic        s_axi_awvalid,
    output logic        s_axi_awready,
    input  logic [31:0] s_axi_wdata,
    input  logic [3:0]  s_axi_wstrb,
    input  logic        s_axi_wvalid,
    output logic        s_axi_wready,
    output logic [1:0]  s_axi_bresp,
    output logic        s_axi_bvalid,
    input  logic        s_axi_bready,
    input  logic [11:0] s_axi_araddr,
    input  logic        s_axi_arvalid,
    output logic        s_axi_arready,
    output logic [31:0] s_axi_rdata,
    output logic [1:0]  s_axi_rresp,
    output logic        s_axi_rvalid,
    input  logic        s_axi_rready,

    output logic [31:0] m_axi_in_araddr,
    output logic [7:0]  m_axi_in_arlen,
    output logic [2:0]  m_axi_in_arsize,
    output logic [1:0]  m_axi_in_arburst,
    output logic [3:0]  m_axi_in_arcache,
    output logic [2:0]  m_axi_in_arprot,
    output logic        m_axi_in_arvalid,
    input  logic        m_axi_in_arready,
    input  logic [63:0] m_axi_in_rdata,
    input  logic [1:0]  m_axi_in_rresp,
    input  logic        m_axi_in_rlast,
    input  logic        m_axi_in_rvalid,
    output logic        m_axi_in_rready,

    output logic [31:0] m_axi_out_awaddr,
    output logic [7:0]  m_axi_out_awlen,
    output logic [2:0]  m_axi_out_awsize,
    output logic [1:0]  m_axi_out_awburst,
    output logic [3:0]  m_axi_out_awcache,
    output logic [2:0]  m_axi_out_awprot,
    output logic        m_axi_out_awvalid,
    input  logic        m_axi_out_awready,
    output logic [63:0] m_axi_out_wdata,
    output logic [7:0]  m_axi_out_wstrb,
    output logic        m_axi_out_wlast,
    output logic        m_axi_out_wvalid,
    input  logic        m_axi_out_wready,
    input  logic [1:0]  m_axi_out_bresp,
    input  logic        m_axi_out_bvalid,
    output logic        m_axi_out_bready,

    // For a light, an interrupt, or a simulation: a DMA has a job, or waits to begin one.
    output logic        in_busy_o,
    output logic        out_busy_o
);

  localparam int unsigned ResetCycles = 16;
  localparam int unsigned InCountBits = $clog2(InWordBytes + 1);
  localparam int unsigned OutCountBits = $clog2(OutWordBytes + 1);

  // --- registers ------------------------------------------------------------------------------------------------

  logic in_start, out_start, reset_wanted, failed, forget_done;
  logic [63:0] in_address, out_address, cycles;
  logic [31:0] in_frames, out_frames;
  logic [31:0] first_output_cycle, first_frame_cycle, last_frame_cycle, frames_out;
  logic [31:0] in_beats, in_words, in_stalls, out_words, out_stalls, out_beats;
  logic in_busy, out_busy, in_busy_q, out_busy_q, in_done, out_done;
  logic in_go, in_refused, in_accept, in_job_busy, in_dma_busy, read_error;
  logic out_go, out_refused, out_accept, out_job_busy, out_dma_busy, write_error;
  logic abort, resetting, in_reject, out_reject;

  shell_registers #(
      .DesignHash(DesignHash),
      .ClockMhz  (ClockMhz)
  ) i_registers (
      .clk_i               (ap_clk),
      .rst_ni              (ap_rst_n),
      .s_axi_awaddr        (s_axi_awaddr),
      .s_axi_awvalid       (s_axi_awvalid),
      .s_axi_awready       (s_axi_awready),
      .s_axi_wdata         (s_axi_wdata),
      .s_axi_wstrb         (s_axi_wstrb),
      .s_axi_wvalid        (s_axi_wvalid),
      .s_axi_wready        (s_axi_wready),
      .s_axi_bresp         (s_axi_bresp),
      .s_axi_bvalid        (s_axi_bvalid),
      .s_axi_bready        (s_axi_bready),
      .s_axi_araddr        (s_axi_araddr),
      .s_axi_arvalid       (s_axi_arvalid),
      .s_axi_arready       (s_axi_arready),
      .s_axi_rdata         (s_axi_rdata),
      .s_axi_rresp         (s_axi_rresp),
      .s_axi_rvalid        (s_axi_rvalid),
      .s_axi_rready        (s_axi_rready),
      .in_start_o          (in_start),
      .in_address_o        (in_address),
      .in_frames_o         (in_frames),
      .in_busy_i           (in_busy_o),
      .in_done_i           (in_done),
      .out_start_o         (out_start),
      .out_address_o       (out_address),
      .out_frames_o        (out_frames),
      .out_busy_i          (out_busy_o),
      .out_done_i          (out_done),
      .errors_i            ({in_refused || out_refused || in_reject || out_reject, write_error, read_error}),
      .failed_o            (failed),
      .reset_o             (reset_wanted),
      .resetting_i         (resetting),
      .forget_done_i       (forget_done),
      .cycles_i            (cycles),
      .first_output_cycle_i(first_output_cycle),
      .first_frame_cycle_i (first_frame_cycle),
      .last_frame_cycle_i  (last_frame_cycle),
      .frames_out_i        (frames_out),
      .in_beats_i          (in_beats),
      .in_words_i          (in_words),
      .in_stalls_i         (in_stalls),
      .out_words_i         (out_words),
      .out_stalls_i        (out_stalls),
      .out_beats_i         (out_beats)
  );

  // --- jobs, abort, reset ---------------------------------------------------------------------------------------

  typedef enum logic [1:0] {
    Run,
    Drain,  // both DMAs finish what the bus demands
    Clear   // accelerator and gearboxes in reset
  } state_e;

  state_e state_q;
  logic by_request_q;  // RESET rather than an error
  logic [$clog2(ResetCycles)-1:0] clear_left_q;
  logic trouble, settled, reset_ends;
  logic in_request, out_request, in_pending_q, out_pending_q;

  assign in_busy    = in_job_busy || in_dma_busy;
  assign out_busy   = out_job_busy || out_dma_busy;
  assign in_busy_o  = in_busy || in_pending_q;
  assign out_busy_o = out_busy || out_pending_q;
  assign trouble    = read_error || write_error || in_refused || out_refused;
  assign abort      = state_q != Run;
  assign resetting  = state_q != Run;

  // A start that comes while an error is pending is rejected: `done` at once, and error bit 2. One that comes while
  // the reset is still going on waits for its end. One that comes while the DMA works is ignored.
  assign settled     = state_q == Run && !trouble;
  assign in_request  = in_start || in_pending_q;
  assign out_request = out_start || out_pending_q;
  assign in_accept   = in_request && settled && !failed && !in_busy;
  assign out_accept  = out_request && settled && !failed && !out_busy;
  assign in_reject   = in_request && failed && !in_busy;
  assign out_reject  = out_request && failed && !out_busy;
  assign in_done     = (in_busy_q && !in_busy && !reset_ends) || in_reject;
  assign out_done    = (out_busy_q && !out_busy && !reset_ends) || out_reject;
  assign reset_ends  = abort && by_request_q;  // a job, which then is not done
  assign forget_done = state_q == Clear && by_request_q;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      state_q       <= Clear;
      by_request_q  <= 1'b1;
      clear_left_q  <= '1;
      in_busy_q     <= 1'b0;
      out_busy_q    <= 1'b0;
      in_pending_q  <= 1'b0;
      out_pending_q <= 1'b0;
    end else begin
      in_busy_q     <= in_busy;
      out_busy_q    <= out_busy;
      in_pending_q  <= in_request && !settled && !failed && !reset_wanted;
      out_pending_q <= out_request && !settled && !failed && !reset_wanted;
      case (state_q)
        Run: begin
          by_request_q <= reset_wanted;
          clear_left_q <= '1;
          if (trouble || reset_wanted) state_q <= Drain;
        end
        Drain: begin
          by_request_q <= by_request_q || reset_wanted;
          if (!in_busy && !out_busy) state_q <= Clear;
        end
        default: begin
          by_request_q <= by_request_q || reset_wanted;
          clear_left_q <= clear_left_q - 1'b1;
          if (clear_left_q == '0) state_q <= Run;
        end
      endcase
    end
  end

  logic accelerator_rst_nq;
  always_ff @(posedge ap_clk) accelerator_rst_nq <= ap_rst_n && state_q != Clear;

  // --- memory -> accelerator ------------------------------------------------------------------------------------

  logic [29:0] in_first_beat, in_end_beat;
  logic [3:0] in_last_bytes;

  dma_job #(
      .BytesPerFrame(InWordBytes * InWordsPerFrame)
  ) i_in_job (
      .clk_i       (ap_clk),
      .rst_ni      (ap_rst_n),
      .start_i     (in_accept),
      .abort_i     (abort),
      .address_i   (in_address),
      .frames_i    (in_frames),
      .busy_o      (in_job_busy),
      .go_o        (in_go),
      .refused_o   (in_refused),
      .first_beat_o(in_first_beat),
      .end_beat_o  (in_end_beat),
      .last_bytes_o(in_last_bytes)
  );

  logic [63:0] read_data;
  logic [3:0] read_bytes;
  logic read_last, read_valid, read_ready;

  axi_read_master i_read (
      .clk_i        (ap_clk),
      .rst_ni       (ap_rst_n),
      .start_i      (in_go),
      .abort_i      (abort),
      .first_beat_i (in_first_beat),
      .end_beat_i   (in_end_beat),
      .last_bytes_i (in_last_bytes),
      .busy_o       (in_dma_busy),
      .error_o      (read_error),
      .m_axi_araddr (m_axi_in_araddr),
      .m_axi_arlen  (m_axi_in_arlen),
      .m_axi_arvalid(m_axi_in_arvalid),
      .m_axi_arready(m_axi_in_arready),
      .m_axi_rdata  (m_axi_in_rdata),
      .m_axi_rresp  (m_axi_in_rresp),
      .m_axi_rlast  (m_axi_in_rlast),
      .m_axi_rvalid (m_axi_in_rvalid),
      .m_axi_rready (m_axi_in_rready),
      .out_data_o   (read_data),
      .out_bytes_o  (read_bytes),
      .out_last_o   (read_last),
      .out_valid_o  (read_valid),
      .out_ready_i  (read_ready)
  );

  assign m_axi_in_arsize  = 3'd3;     // 8 bytes a beat
  assign m_axi_in_arburst = 2'b01;    // INCR
  assign m_axi_in_arcache = 4'b0011;  // normal, bufferable
  assign m_axi_in_arprot  = 3'b000;

  logic [InWordBytes*8-1:0] in_data;
  logic [InCountBits-1:0] in_bytes;
  logic in_last, in_valid, in_ready;

  byte_gearbox #(
      .InBytes (8),
      .OutBytes(InWordBytes)
  ) i_in_gearbox (
      .clk_i      (ap_clk),
      .rst_ni     (ap_rst_n),
      .clear_i    (state_q == Clear),
      .in_data_i  (read_data),
      .in_bytes_i (read_bytes),
      .in_last_i  (read_last),
      .in_valid_i (read_valid),
      .in_ready_o (read_ready),
      .out_data_o (in_data),
      .out_bytes_o(in_bytes),
      .out_last_o (in_last),
      .out_valid_o(in_valid),
      .out_ready_i(in_ready)
  );

  // Frames are whole words, so the ends that the gearbox reports tell the accelerator nothing new.
  logic unused_in_ends;
  assign unused_in_ends = &{1'b0, in_bytes, in_last};

  // --- the accelerator ------------------------------------------------------------------------------------------

  logic [OutWordBytes*8-1:0] out_data;
  logic out_valid, out_ready;

  accelerator i_accelerator (
      .ap_clk       (ap_clk),
      .ap_rst_n     (accelerator_rst_nq),
      .s_axis_tdata (in_data),
      .s_axis_tvalid(in_valid),
      .s_axis_tready(in_ready),
      .m_axis_tdata (out_data),
      .m_axis_tvalid(out_valid),
      .m_axis_tready(out_ready)
  );

  // --- accelerator -> memory ------------------------------------------------------------------------------------

  logic [29:0] out_first_beat, out_end_beat;
  logic [3:0] out_last_bytes;

  dma_job #(
      .BytesPerFrame(OutWordBytes * OutWordsPerFrame)
  ) i_out_job (
      .clk_i       (ap_clk),
      .rst_ni      (ap_rst_n),
      .start_i     (out_accept),
      .abort_i     (abort),
      .address_i   (out_address),
      .frames_i    (out_frames),
      .busy_o      (out_job_busy),
      .go_o        (out_go),
      .refused_o   (out_refused),
      .first_beat_o(out_first_beat),
      .end_beat_o  (out_end_beat),
      .last_bytes_o(out_last_bytes)
  );

  // Words are taken for the job's frames only; what the accelerator has beyond them waits for the next job. None are
  // taken during an abort: the beats that fill up a burst must not change while they wait.
  logic [31:0] word_q, frames_left_q;
  logic open, frame_end, job_end, out_word, gear_ready;

  assign open      = frames_left_q != '0 && !abort;
  assign frame_end = word_q == OutWordsPerFrame - 1;
  assign job_end   = frame_end && frames_left_q == 32'd1;
  assign out_ready = open && gear_ready;
  assign out_word  = out_valid && out_ready;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n || state_q == Clear) begin
      word_q        <= '0;
      frames_left_q <= '0;
    end else if (out_accept) begin
      frames_left_q <= out_frames;
    end else if (out_word) begin
      word_q        <= frame_end ? '0 : word_q + 32'd1;
      frames_left_q <= frames_left_q - 32'(frame_end);
    end
  end

  logic [63:0] write_data;
  logic [3:0] write_bytes;
  logic write_last, write_valid, write_ready;

  byte_gearbox #(
      .InBytes (OutWordBytes),
      .OutBytes(8)
  ) i_out_gearbox (
      .clk_i      (ap_clk),
      .rst_ni     (ap_rst_n),
      .clear_i    (state_q == Clear),
      .in_data_i  (out_data),
      .in_bytes_i (OutCountBits'(OutWordBytes)),
      .in_last_i  (job_end),
      .in_valid_i (out_valid && open),
      .in_ready_o (gear_ready),
      .out_data_o (write_data),
      .out_bytes_o(write_bytes),
      .out_last_o (write_last),
      .out_valid_o(write_valid),
      .out_ready_i(write_ready)
  );

  axi_write_master i_write (
      .clk_i        (ap_clk),
      .rst_ni       (ap_rst_n),
      .start_i      (out_go),
      .abort_i      (abort),
      .first_beat_i (out_first_beat),
      .end_beat_i   (out_end_beat),
      .busy_o       (out_dma_busy),
      .error_o      (write_error),
      .m_axi_awaddr (m_axi_out_awaddr),
      .m_axi_awlen  (m_axi_out_awlen),
      .m_axi_awvalid(m_axi_out_awvalid),
      .m_axi_awready(m_axi_out_awready),
      .m_axi_wdata  (m_axi_out_wdata),
      .m_axi_wstrb  (m_axi_out_wstrb),
      .m_axi_wlast  (m_axi_out_wlast),
      .m_axi_wvalid (m_axi_out_wvalid),
      .m_axi_wready (m_axi_out_wready),
      .m_axi_bresp  (m_axi_out_bresp),
      .m_axi_bvalid (m_axi_out_bvalid),
      .m_axi_bready (m_axi_out_bready),
      .in_data_i    (write_data),
      .in_bytes_i   (write_bytes),
      .in_valid_i   (write_valid),
      .in_ready_o   (write_ready)
  );

  assign m_axi_out_awsize  = 3'd3;
  assign m_axi_out_awburst = 2'b01;
  assign m_axi_out_awcache = 4'b0011;
  assign m_axi_out_awprot  = 3'b000;

  // The write master counts beats itself.
  logic unused_out_ends;
  assign unused_out_ends = &{1'b0, write_last, out_last_bytes};

  // --- counters -------------------------------------------------------------------------------------------------

  logic running_q;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) running_q <= 1'b0;
    else if (in_accept) running_q <= 1'b1;
    else if (!in_busy && !out_busy) running_q <= 1'b0;
  end

  shell_counters i_counters (
      .clk_i               (ap_clk),
      .rst_ni              (ap_rst_n),
      .clear_i             ((in_accept || out_accept) && !in_busy && !out_busy),
      .running_i           (running_q && (in_busy || out_busy)),
      .in_beat_i           (m_axi_in_rvalid && m_axi_in_rready),
      .in_word_i           (in_valid && in_ready),
      .in_stall_i          (in_valid && !in_ready),
      .out_word_i          (out_word),
      .out_frame_i         (out_word && frame_end),
      .out_stall_i         (out_valid && !out_ready),
      .out_beat_i          (m_axi_out_wvalid && m_axi_out_wready),
      .cycles_o            (cycles),
      .first_output_cycle_o(first_output_cycle),
      .first_frame_cycle_o (first_frame_cycle),
      .last_frame_cycle_o  (last_frame_cycle),
      .frames_out_o        (frames_out),
      .in_beats_o          (in_beats),
      .in_words_o          (in_words),
      .in_stalls_o         (in_stalls),
      .out_words_o         (out_words),
      .out_stalls_o        (out_stalls),
      .out_beats_o         (out_beats)
  );

endmodule
