// SPDX-License-Identifier: BSD-3-Clause
// AXI4 write master: writes a stream to a range of 8-byte beats of memory.
//
// A burst (burst_length.sv) is announced when its first beat is there; `in_bytes_i` gives the write strobes. Responses
// are collected while the next burst is on its way. An error response gives a pulse on `error_o`; the owner then raises
// `abort_i`, which ends the job early: a burst that has begun is filled up with beats that write nothing (no strobe),
// as AXI demands all of them. `busy_o` falls when the last response is in.
module axi_write_master #(
    parameter int unsigned MaxBursts = 4
) (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        start_i,
    input  logic        abort_i,
    input  logic [29:0] first_beat_i,
    input  logic [29:0] end_beat_i,
    output logic        busy_o,
    output logic        error_o,

    output logic [31:0] m_axi_awaddr,
    output logic [7:0]  m_axi_awlen,
    output logic        m_axi_awvalid,
    input  logic        m_axi_awready,
    output logic [63:0] m_axi_wdata,
    output logic [7:0]  m_axi_wstrb,
    output logic        m_axi_wlast,
    output logic        m_axi_wvalid,
    input  logic        m_axi_wready,
    input  logic [1:0]  m_axi_bresp,
    input  logic        m_axi_bvalid,
    output logic        m_axi_bready,

    input  logic [63:0] in_data_i,
    input  logic [3:0]  in_bytes_i,
    input  logic        in_valid_i,
    output logic        in_ready_o
);

  localparam int unsigned CountBits = $clog2(MaxBursts + 1);

  logic busy_q, awvalid_q, fill_q;
  logic [29:0] next_q, end_q;
  logic [28:0] address_q;
  logic [3:0] length_q;  // less one, as on the bus
  logic [4:0] left_q;    // beats of the running burst still to send
  logic [4:0] length;
  logic [CountBits-1:0] bursts_q;
  logic issue, sending, sent, answered;

  burst_length i_burst_length (
      .next_beat_i(next_q),
      .end_beat_i (end_q),
      .length_o   (length)
  );

  assign issue = busy_q && !abort_i && in_valid_i && length != '0 && left_q == '0 && !awvalid_q
      && bursts_q != CountBits'(MaxBursts);
  assign sending  = left_q != '0;
  assign sent     = m_axi_wvalid && m_axi_wready;
  assign answered = m_axi_bvalid && m_axi_bready;

  assign m_axi_awaddr  = {address_q, 3'b000};
  assign m_axi_awlen   = {4'b0, length_q};
  assign m_axi_awvalid = awvalid_q;

  assign m_axi_wdata  = in_data_i;
  assign m_axi_wlast  = left_q == 5'd1;
  assign m_axi_wvalid = sending && (in_valid_i || fill_q);
  assign in_ready_o   = sending && !fill_q && m_axi_wready;

  assign m_axi_bready = bursts_q != '0;

  assign busy_o  = busy_q;
  assign error_o = answered && m_axi_bresp != 2'b00;

  always_comb begin
    for (int unsigned lane = 0; lane < 8; lane++) m_axi_wstrb[lane] = !fill_q && 4'(lane) < in_bytes_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q    <= 1'b0;
      awvalid_q <= 1'b0;
      fill_q    <= 1'b0;
      left_q    <= '0;
      bursts_q  <= '0;
    end else begin
      if (start_i) busy_q <= 1'b1;
      else if (bursts_q == '0 && (length == '0 || abort_i)) busy_q <= 1'b0;

      if (issue) awvalid_q <= 1'b1;
      else if (m_axi_awready) awvalid_q <= 1'b0;

      // A beat on offer must not change: filling starts with the one after it.
      if (!busy_q) fill_q <= 1'b0;
      else if (abort_i && !(m_axi_wvalid && !m_axi_wready)) fill_q <= 1'b1;

      if (issue) left_q <= length;
      else if (sent) left_q <= left_q - 5'd1;

      bursts_q <= bursts_q + CountBits'(issue) - CountBits'(answered);
    end

    if (start_i) begin
      next_q <= first_beat_i;
      end_q  <= end_beat_i;
    end else if (issue) begin
      next_q    <= next_q + 30'(length);
      address_q <= next_q[28:0];
      length_q  <= 4'(length - 5'd1);
    end
  end

endmodule
