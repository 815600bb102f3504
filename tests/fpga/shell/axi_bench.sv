// SPDX-License-Identifier: BSD-3-Clause
// The shell with what cocotbext-axi's models want besides (transaction ids), and with checks of the rules that these
// models do not look at: what is offered stays as it is until it is taken, and bursts are at most 16 beats of 8 bytes
// that stay within 4 KiB.
module axi_bench #(
    parameter int unsigned InWordBytes = 1,
    parameter int unsigned OutWordBytes = 1,
    parameter int unsigned InWordsPerFrame = 1,
    parameter int unsigned OutWordsPerFrame = 1
) (
    input  logic        ap_clk,
    input  logic        ap_rst_n,
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

    output logic        m_axi_in_arid,
    output logic [31:0] m_axi_in_araddr,
    output logic [7:0]  m_axi_in_arlen,
    output logic [2:0]  m_axi_in_arsize,
    output logic [1:0]  m_axi_in_arburst,
    output logic        m_axi_in_arvalid,
    input  logic        m_axi_in_arready,
    input  logic        m_axi_in_rid,
    input  logic [63:0] m_axi_in_rdata,
    input  logic [1:0]  m_axi_in_rresp,
    input  logic        m_axi_in_rlast,
    input  logic        m_axi_in_rvalid,
    output logic        m_axi_in_rready,

    output logic        m_axi_out_awid,
    output logic [31:0] m_axi_out_awaddr,
    output logic [7:0]  m_axi_out_awlen,
    output logic [2:0]  m_axi_out_awsize,
    output logic [1:0]  m_axi_out_awburst,
    output logic        m_axi_out_awvalid,
    input  logic        m_axi_out_awready,
    output logic [63:0] m_axi_out_wdata,
    output logic [7:0]  m_axi_out_wstrb,
    output logic        m_axi_out_wlast,
    output logic        m_axi_out_wvalid,
    input  logic        m_axi_out_wready,
    input  logic        m_axi_out_bid,
    input  logic [1:0]  m_axi_out_bresp,
    input  logic        m_axi_out_bvalid,
    output logic        m_axi_out_bready,

    output logic        in_busy,
    output logic        out_busy
);

  assign m_axi_in_arid  = 1'b0;
  assign m_axi_out_awid = 1'b0;

  shell #(
      .InWordBytes     (InWordBytes),
      .OutWordBytes    (OutWordBytes),
      .InWordsPerFrame (InWordsPerFrame),
      .OutWordsPerFrame(OutWordsPerFrame),
      .DesignHash      (32'h0bad_cafe),
      .ClockMhz        (125)
  ) i_shell (
      .in_busy_o        (in_busy),
      .out_busy_o       (out_busy),
      .m_axi_in_arcache (),
      .m_axi_in_arprot  (),
      .m_axi_out_awcache(),
      .m_axi_out_awprot (),
      .*
  );

  // {valid, ready, payload} of the three channels that the shell drives, now and one cycle ago.
  logic [42:0] ar, aw, ar_q, aw_q;
  logic [74:0] w, w_q;
  logic reset_q;

  assign ar = {m_axi_in_arvalid, m_axi_in_arready, m_axi_in_araddr, 1'b0, m_axi_in_arlen};
  assign aw = {m_axi_out_awvalid, m_axi_out_awready, m_axi_out_awaddr, 1'b0, m_axi_out_awlen};
  assign w  = {m_axi_out_wvalid, m_axi_out_wready, m_axi_out_wdata, m_axi_out_wstrb, m_axi_out_wlast};

  function automatic logic burst_ok(logic [31:0] address, logic [7:0] length, logic [2:0] size, logic [1:0] kind);
    return length < 8'd16 && size == 3'd3 && kind == 2'b01 && address[2:0] == 3'd0
        && 13'(address[11:0]) + 13'({length + 8'd1, 3'b000}) <= 13'h1000;
  endfunction

  always_ff @(posedge ap_clk) begin
    ar_q    <= ar;
    aw_q    <= aw;
    w_q     <= w;
    reset_q <= ap_rst_n;
    if (reset_q && ap_rst_n) begin
      if (ar_q[42:41] == 2'b10 && {ar_q[42], ar_q[40:0]} != {ar[42], ar[40:0]}) $fatal(1, "AR changed while waiting");
      if (aw_q[42:41] == 2'b10 && {aw_q[42], aw_q[40:0]} != {aw[42], aw[40:0]}) $fatal(1, "AW changed while waiting");
      if (w_q[74:73] == 2'b10 && {w_q[74], w_q[72:0]} != {w[74], w[72:0]}) $fatal(1, "W changed while waiting");
      if (m_axi_in_arvalid && !burst_ok(m_axi_in_araddr, m_axi_in_arlen, m_axi_in_arsize, m_axi_in_arburst)) begin
        $fatal(1, "illegal read burst: address %h, length %0d", m_axi_in_araddr, m_axi_in_arlen);
      end
      if (m_axi_out_awvalid && !burst_ok(m_axi_out_awaddr, m_axi_out_awlen, m_axi_out_awsize, m_axi_out_awburst)) begin
        $fatal(1, "illegal write burst: address %h, length %0d", m_axi_out_awaddr, m_axi_out_awlen);
      end
    end
  end

endmodule
