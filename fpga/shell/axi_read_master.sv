// SPDX-License-Identifier: BSD-3-Clause
// AXI4 read master: turns a range of 8-byte beats of memory into a stream.
//
// Bursts of up to 16 beats (burst_length.sv), up to MaxBursts of them on their way, so that the memory's latency is
// hidden. The stream's back-pressure is the bus's: nothing is buffered here. An error response gives a pulse on
// `error_o` and its beat is dropped; the owner then raises `abort_i`, which ends the job early: bursts that were
// asked for are still received, and thrown away, as AXI demands. `busy_o` falls when the bus is quiet.
module axi_read_master #(
    parameter int unsigned MaxBursts = 4
) (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        start_i,
    input  logic        abort_i,
    input  logic [29:0] first_beat_i,
    input  logic [29:0] end_beat_i,
    input  logic [3:0]  last_bytes_i,
    output logic        busy_o,
    output logic        error_o,

    output logic [31:0] m_axi_araddr,
    output logic [7:0]  m_axi_arlen,
    output logic        m_axi_arvalid,
    input  logic        m_axi_arready,
    input  logic [63:0] m_axi_rdata,
    input  logic [1:0]  m_axi_rresp,
    input  logic        m_axi_rlast,
    input  logic        m_axi_rvalid,
    output logic        m_axi_rready,

    output logic [63:0] out_data_o,
    output logic [3:0]  out_bytes_o,
    output logic        out_last_o,
    output logic        out_valid_o,
    input  logic        out_ready_i
);

  localparam int unsigned CountBits = $clog2(MaxBursts + 1);

  logic busy_q, arvalid_q;
  logic [29:0] next_q, end_q, received_q;
  logic [3:0] last_bytes_q;
  logic [28:0] address_q;
  logic [3:0] length_q;  // less one, as on the bus
  logic [4:0] length;
  logic [CountBits-1:0] bursts_q;
  logic issue, receive, burst_over, failed;

  burst_length i_burst_length (
      .next_beat_i(next_q),
      .end_beat_i (end_q),
      .length_o   (length)
  );

  assign issue = busy_q && !abort_i && length != '0 && bursts_q != CountBits'(MaxBursts)
      && (!arvalid_q || m_axi_arready);
  assign receive    = m_axi_rvalid && m_axi_rready;
  assign burst_over = receive && m_axi_rlast;
  assign failed     = m_axi_rresp != 2'b00;

  assign m_axi_araddr  = {address_q, 3'b000};
  assign m_axi_arlen   = {4'b0, length_q};
  assign m_axi_arvalid = arvalid_q;
  assign m_axi_rready  = bursts_q != '0 && (abort_i || out_ready_i);

  assign out_data_o  = m_axi_rdata;
  assign out_last_o  = received_q + 30'd1 == end_q;
  assign out_bytes_o = out_last_o ? last_bytes_q : 4'd8;
  assign out_valid_o = m_axi_rvalid && bursts_q != '0 && !abort_i && !failed;

  assign busy_o  = busy_q;
  assign error_o = receive && failed;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q    <= 1'b0;
      arvalid_q <= 1'b0;
      bursts_q  <= '0;
    end else begin
      if (start_i) busy_q <= 1'b1;
      else if (bursts_q == '0 && (length == '0 || abort_i)) busy_q <= 1'b0;

      if (issue) arvalid_q <= 1'b1;
      else if (m_axi_arready) arvalid_q <= 1'b0;

      bursts_q <= bursts_q + CountBits'(issue) - CountBits'(burst_over);
    end

    if (start_i) begin
      next_q       <= first_beat_i;
      end_q        <= end_beat_i;
      received_q   <= first_beat_i;
      last_bytes_q <= last_bytes_i;
    end else begin
      if (issue) begin
        next_q    <= next_q + 30'(length);
        address_q <= next_q[28:0];
        length_q  <= 4'(length - 5'd1);
      end
      if (receive) received_q <= received_q + 30'd1;
    end
  end

endmodule
