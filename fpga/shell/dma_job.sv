// SPDX-License-Identifier: BSD-3-Clause
// Turns "start at this address, so many frames" into the range of 8-byte beats that a DMA works through.
//
// The product frames * BytesPerFrame is built by shift and add, one bit of `frames_i` a cycle, because a multiplier
// would cost DSP slices for something that happens once a job. A job whose address is no multiple of 8 or that does
// not fit below 4 GiB is refused. `go_o` and `refused_o` are pulses; an abort ends the calculation with neither.
module dma_job #(
    parameter int unsigned BytesPerFrame = 8
) (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        start_i,
    input  logic        abort_i,
    input  logic [63:0] address_i,
    input  logic [31:0] frames_i,

    output logic        busy_o,
    output logic        go_o,
    output logic        refused_o,
    output logic [29:0] first_beat_o,
    output logic [29:0] end_beat_o,    // exclusive
    output logic [3:0]  last_bytes_o   // 1..8 valid bytes in the last beat
);

  localparam logic [32:0] Limit = {1'b1, 32'b0};

  logic busy_q, bad_q;
  logic [31:0] frames_q;
  logic [28:0] first_q;
  logic [32:0] end_q, term_q;  // bit 32 of term_q is sticky: the term is past any address
  logic [33:0] sum;
  logic finished;

  assign sum       = {1'b0, end_q} + {1'b0, term_q};
  assign finished  = busy_q && frames_q == '0 && !abort_i;
  assign busy_o    = busy_q;
  assign go_o      = finished && !bad_q;
  assign refused_o = finished && bad_q;

  assign first_beat_o = {1'b0, first_q};
  assign end_beat_o   = end_q[32:3] + 30'(end_q[2:0] != '0);
  assign last_bytes_o = {end_q[2:0] == 3'd0, end_q[2:0]};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else if (busy_q) begin
      if (abort_i || frames_q == '0) busy_q <= 1'b0;
    end else if (start_i) begin
      busy_q <= 1'b1;
    end

    if (busy_q) begin
      frames_q <= frames_q >> 1;
      term_q   <= {term_q[32] || term_q[31], term_q[30:0], 1'b0};
      if (frames_q[0]) begin
        end_q <= sum[32:0];
        if (sum > {1'b0, Limit} || term_q[32]) bad_q <= 1'b1;
      end
    end else begin
      frames_q <= frames_i;
      first_q  <= address_i[31:3];
      end_q    <= {1'b0, address_i[31:0]};
      term_q   <= {1'b0, BytesPerFrame};
      bad_q    <= address_i[63:32] != '0 || address_i[2:0] != '0;
    end
  end

endmodule
