// SPDX-License-Identifier: BSD-3-Clause
// An accelerator that pauses at random on both ends, and hangs at the sight of certain images: one whose first byte is
// 0xA5 is not taken any further, of the result of one that begins with 0x5A the last word never comes. After that only
// a reset helps. Else it does what `standin` does (tests/fpga/shell/standin.sv under that name).
module accelerator #(
    parameter int unsigned InBytes = `IN_BYTES,
    parameter int unsigned InWords = `IN_WORDS,
    parameter int unsigned OutBytes = `OUT_BYTES,
    parameter int unsigned OutWords = `OUT_WORDS
) (
    input  logic                  ap_clk,
    input  logic                  ap_rst_n,
    input  logic [InBytes*8-1:0]  s_axis_tdata,
    input  logic                  s_axis_tvalid,
    output logic                  s_axis_tready,
    output logic [OutBytes*8-1:0] m_axis_tdata,
    output logic                  m_axis_tvalid,
    input  logic                  m_axis_tready
);

  logic [31:0] in_word_q, out_word_q;
  logic [15:0] random_q = 16'h1;  // not reset: another pattern after every reset
  logic shut_in_q, shut_out_q, in_open, out_open_q, in_ready, out_valid;

  standin i_standin (
      .ap_clk       (ap_clk),
      .ap_rst_n     (ap_rst_n),
      .s_axis_tdata (s_axis_tdata),
      .s_axis_tvalid(s_axis_tvalid && in_open),
      .s_axis_tready(in_ready),
      .m_axis_tdata (m_axis_tdata),
      .m_axis_tvalid(out_valid),
      .m_axis_tready(m_axis_tready && out_open_q)
  );

  assign in_open       = !shut_in_q && random_q[1:0] != 2'd0;
  assign s_axis_tready = in_ready && in_open;
  assign m_axis_tvalid = out_valid && out_open_q;

  always_ff @(posedge ap_clk) begin
    random_q <= {random_q[14:0], random_q[15] ^ random_q[13] ^ random_q[12] ^ random_q[10]};
    // What has been offered stays.
    if (!(m_axis_tvalid && !m_axis_tready)) begin
      out_open_q <= random_q[3:2] != 2'd0
          && !(shut_out_q && out_word_q + 32'(m_axis_tvalid) >= OutWords - 1);
    end
    if (!ap_rst_n) begin
      in_word_q  <= '0;
      out_word_q <= '0;
      shut_in_q  <= 1'b0;
      shut_out_q <= 1'b0;
      out_open_q <= 1'b0;
    end else begin
      if (s_axis_tvalid && s_axis_tready) begin
        in_word_q <= in_word_q == InWords - 1 ? '0 : in_word_q + 1;
        if (in_word_q == 0 && s_axis_tdata[7:0] == 8'hA5) shut_in_q <= 1'b1;
        if (in_word_q == 0 && s_axis_tdata[7:0] == 8'h5A) shut_out_q <= 1'b1;
      end
      if (m_axis_tvalid && m_axis_tready) out_word_q <= out_word_q == OutWords - 1 ? '0 : out_word_q + 1;
    end
  end

endmodule
