// SPDX-License-Identifier: BSD-3-Clause
// Top level for Zynq UltraScale+: the processor (PS8, a primitive) and the shell with the accelerator in it.
//
// The processor's port M_AXI_HPM0_FPD (MAXIGP0) reaches the shell's registers (they repeat every 4 KiB of its address
// range), S_AXI_HP0_FPD (SAXIGP2) reads frames from its memory, S_AXI_HP1_FPD (SAXIGP3) writes results: two ports that
// lead to different ports of the memory controller. All of it runs on pl_clk0.
//
// Nothing here configures the processor: memory, pins and PLLs are set by the board's boot loader (the PYNQ image). The
// ports are 128 bits wide; pynq switches them to what the .hwh says (fpga/shell/hwh.py), 32 for MAXIGP0 and 64 for the
// other two, and the data is then on the lower bits. It sets the clock's dividers from there, too. There is no pin: the
// processor's own are fixed in the package. Inputs of PS8 that are not listed are tied low by the tools.
module zynqmp #(
    parameter int unsigned InWordBytes = 1,
    parameter int unsigned OutWordBytes = 1,
    parameter int unsigned InWordsPerFrame = 1,
    parameter int unsigned OutWordsPerFrame = 1,
    parameter logic [31:0] DesignHash = 32'h0,
    parameter int unsigned ClockMhz = 100
);

  logic clk;
  logic [3:0] pl_clk;
  logic [95:0] gpio;
  logic unused_outputs;
  assign unused_outputs = &{1'b0, pl_clk[3:1], gpio[94:0]};

  BUFG_PS i_clock_buffer (
      .I(pl_clk[0]),
      .O(clk)
  );

  // pl_resetn0 is the last of the processor's general outputs, and does not follow the clock. The flip-flops begin at
  // 0, so there is a reset after configuration as well.
  (* ASYNC_REG = "TRUE" *) logic [1:0] rst_nq;
  logic rst_n;
  initial rst_nq = '0;
  always @(posedge clk) rst_nq <= {rst_nq[0], gpio[95]};
  assign rst_n = rst_nq[1];

  logic [15:0] gp0_awid, gp0_bid, gp0_arid, gp0_rid, gp0_wstrb;
  logic [39:0] gp0_awaddr, gp0_araddr;
  logic [127:0] gp0_wdata;
  logic [31:0] gp0_rdata;
  logic [7:0] gp0_awlen, gp0_arlen;
  logic [2:0] gp0_awsize, gp0_arsize;
  logic [1:0] gp0_awburst, gp0_arburst, gp0_bresp, gp0_rresp;
  logic gp0_awvalid, gp0_awready, gp0_wvalid, gp0_wready, gp0_bvalid, gp0_bready;
  logic gp0_arvalid, gp0_arready, gp0_rlast, gp0_rvalid, gp0_rready;

  logic [31:0] hp0_araddr, hp1_awaddr;
  logic [7:0] hp0_arlen, hp1_awlen, hp1_wstrb;
  logic [2:0] hp0_arsize, hp1_awsize, hp0_arprot, hp1_awprot;
  logic [1:0] hp0_arburst, hp1_awburst, hp0_rresp, hp1_bresp;
  logic [3:0] hp0_arcache, hp1_awcache;
  logic [127:0] hp0_rdata;
  logic [63:0] hp1_wdata;
  logic hp0_arvalid, hp0_arready, hp0_rlast, hp0_rvalid, hp0_rready;
  logic hp1_awvalid, hp1_awready, hp1_wlast, hp1_wvalid, hp1_wready, hp1_bvalid, hp1_bready;

  PS8 i_processor (
      .PLCLK         (pl_clk),
      .EMIOGPIOO     (gpio),

      .MAXIGP0ACLK   (clk),
      .MAXIGP0AWID   (gp0_awid),
      .MAXIGP0AWADDR (gp0_awaddr),
      .MAXIGP0AWLEN  (gp0_awlen),
      .MAXIGP0AWSIZE (gp0_awsize),
      .MAXIGP0AWBURST(gp0_awburst),
      .MAXIGP0AWVALID(gp0_awvalid),
      .MAXIGP0AWREADY(gp0_awready),
      .MAXIGP0WDATA  (gp0_wdata),
      .MAXIGP0WSTRB  (gp0_wstrb),
      .MAXIGP0WVALID (gp0_wvalid),
      .MAXIGP0WREADY (gp0_wready),
      .MAXIGP0BID    (gp0_bid),
      .MAXIGP0BRESP  (gp0_bresp),
      .MAXIGP0BVALID (gp0_bvalid),
      .MAXIGP0BREADY (gp0_bready),
      .MAXIGP0ARID   (gp0_arid),
      .MAXIGP0ARADDR (gp0_araddr),
      .MAXIGP0ARLEN  (gp0_arlen),
      .MAXIGP0ARSIZE (gp0_arsize),
      .MAXIGP0ARBURST(gp0_arburst),
      .MAXIGP0ARVALID(gp0_arvalid),
      .MAXIGP0ARREADY(gp0_arready),
      .MAXIGP0RID    (gp0_rid),
      .MAXIGP0RDATA  ({96'b0, gp0_rdata}),
      .MAXIGP0RRESP  (gp0_rresp),
      .MAXIGP0RLAST  (gp0_rlast),
      .MAXIGP0RVALID (gp0_rvalid),
      .MAXIGP0RREADY (gp0_rready),

      .SAXIGP2RCLK   (clk),
      .SAXIGP2WCLK   (clk),
      .SAXIGP2ARUSER (1'b0),
      .SAXIGP2ARID   (6'b0),
      .SAXIGP2ARADDR ({17'b0, hp0_araddr}),
      .SAXIGP2ARLEN  (hp0_arlen),
      .SAXIGP2ARSIZE (hp0_arsize),
      .SAXIGP2ARBURST(hp0_arburst),
      .SAXIGP2ARLOCK (1'b0),
      .SAXIGP2ARCACHE(hp0_arcache),
      .SAXIGP2ARPROT (hp0_arprot),
      .SAXIGP2ARQOS  (4'b0),
      .SAXIGP2ARVALID(hp0_arvalid),
      .SAXIGP2ARREADY(hp0_arready),
      .SAXIGP2RDATA  (hp0_rdata),
      .SAXIGP2RRESP  (hp0_rresp),
      .SAXIGP2RLAST  (hp0_rlast),
      .SAXIGP2RVALID (hp0_rvalid),
      .SAXIGP2RREADY (hp0_rready),
      .SAXIGP2AWVALID(1'b0),
      .SAXIGP2WVALID (1'b0),
      .SAXIGP2BREADY (1'b0),

      .SAXIGP3RCLK   (clk),
      .SAXIGP3WCLK   (clk),
      .SAXIGP3AWUSER (1'b0),
      .SAXIGP3AWID   (6'b0),
      .SAXIGP3AWADDR ({17'b0, hp1_awaddr}),
      .SAXIGP3AWLEN  (hp1_awlen),
      .SAXIGP3AWSIZE (hp1_awsize),
      .SAXIGP3AWBURST(hp1_awburst),
      .SAXIGP3AWLOCK (1'b0),
      .SAXIGP3AWCACHE(hp1_awcache),
      .SAXIGP3AWPROT (hp1_awprot),
      .SAXIGP3AWQOS  (4'b0),
      .SAXIGP3AWVALID(hp1_awvalid),
      .SAXIGP3AWREADY(hp1_awready),
      .SAXIGP3WDATA  ({64'b0, hp1_wdata}),
      .SAXIGP3WSTRB  ({8'b0, hp1_wstrb}),
      .SAXIGP3WLAST  (hp1_wlast),
      .SAXIGP3WVALID (hp1_wvalid),
      .SAXIGP3WREADY (hp1_wready),
      .SAXIGP3BRESP  (hp1_bresp),
      .SAXIGP3BVALID (hp1_bvalid),
      .SAXIGP3BREADY (hp1_bready),
      .SAXIGP3ARVALID(1'b0),
      .SAXIGP3RREADY (1'b0)
  );

  // With ports narrowed as above, the upper halves say nothing, and no beat has more than 4 bytes of MAXIGP0.
  logic unused_bits;
  assign unused_bits = &{1'b0, gp0_awaddr[39:12], gp0_araddr[39:12], gp0_awsize[2], gp0_arsize[2], gp0_wdata[127:32],
                         gp0_wstrb[15:4], hp0_rdata[127:64]};

  logic [11:0] lite_awaddr, lite_araddr;
  logic [31:0] lite_wdata, lite_rdata;
  logic [3:0] lite_wstrb;
  logic [1:0] lite_bresp, lite_rresp;
  logic lite_awvalid, lite_awready, lite_wvalid, lite_wready, lite_bvalid, lite_bready;
  logic lite_arvalid, lite_arready, lite_rvalid, lite_rready;

  axi_to_lite #(
      .IdBits     (16),
      .AddressBits(12),
      .LengthBits (8)
  ) i_axi_to_lite (
      .clk_i        (clk),
      .rst_ni       (rst_n),
      .s_axi_awid   (gp0_awid),
      .s_axi_awaddr (gp0_awaddr[11:0]),
      .s_axi_awlen  (gp0_awlen),
      .s_axi_awsize (gp0_awsize[1:0]),
      .s_axi_awburst(gp0_awburst),
      .s_axi_awvalid(gp0_awvalid),
      .s_axi_awready(gp0_awready),
      .s_axi_wdata  (gp0_wdata[31:0]),
      .s_axi_wstrb  (gp0_wstrb[3:0]),
      .s_axi_wvalid (gp0_wvalid),
      .s_axi_wready (gp0_wready),
      .s_axi_bid    (gp0_bid),
      .s_axi_bresp  (gp0_bresp),
      .s_axi_bvalid (gp0_bvalid),
      .s_axi_bready (gp0_bready),
      .s_axi_arid   (gp0_arid),
      .s_axi_araddr (gp0_araddr[11:0]),
      .s_axi_arlen  (gp0_arlen),
      .s_axi_arsize (gp0_arsize[1:0]),
      .s_axi_arburst(gp0_arburst),
      .s_axi_arvalid(gp0_arvalid),
      .s_axi_arready(gp0_arready),
      .s_axi_rid    (gp0_rid),
      .s_axi_rdata  (gp0_rdata),
      .s_axi_rresp  (gp0_rresp),
      .s_axi_rlast  (gp0_rlast),
      .s_axi_rvalid (gp0_rvalid),
      .s_axi_rready (gp0_rready),
      .m_axi_awaddr (lite_awaddr),
      .m_axi_awvalid(lite_awvalid),
      .m_axi_awready(lite_awready),
      .m_axi_wdata  (lite_wdata),
      .m_axi_wstrb  (lite_wstrb),
      .m_axi_wvalid (lite_wvalid),
      .m_axi_wready (lite_wready),
      .m_axi_bresp  (lite_bresp),
      .m_axi_bvalid (lite_bvalid),
      .m_axi_bready (lite_bready),
      .m_axi_araddr (lite_araddr),
      .m_axi_arvalid(lite_arvalid),
      .m_axi_arready(lite_arready),
      .m_axi_rdata  (lite_rdata),
      .m_axi_rresp  (lite_rresp),
      .m_axi_rvalid (lite_rvalid),
      .m_axi_rready (lite_rready)
  );

  logic in_busy, out_busy, unused_busy;
  assign unused_busy = &{1'b0, in_busy, out_busy};

  shell #(
      .InWordBytes     (InWordBytes),
      .OutWordBytes    (OutWordBytes),
      .InWordsPerFrame (InWordsPerFrame),
      .OutWordsPerFrame(OutWordsPerFrame),
      .DesignHash      (DesignHash),
      .ClockMhz        (ClockMhz)
  ) i_shell (
      .ap_clk           (clk),
      .ap_rst_n         (rst_n),
      .s_axi_awaddr     (lite_awaddr),
      .s_axi_awvalid    (lite_awvalid),
      .s_axi_awready    (lite_awready),
      .s_axi_wdata      (lite_wdata),
      .s_axi_wstrb      (lite_wstrb),
      .s_axi_wvalid     (lite_wvalid),
      .s_axi_wready     (lite_wready),
      .s_axi_bresp      (lite_bresp),
      .s_axi_bvalid     (lite_bvalid),
      .s_axi_bready     (lite_bready),
      .s_axi_araddr     (lite_araddr),
      .s_axi_arvalid    (lite_arvalid),
      .s_axi_arready    (lite_arready),
      .s_axi_rdata      (lite_rdata),
      .s_axi_rresp      (lite_rresp),
      .s_axi_rvalid     (lite_rvalid),
      .s_axi_rready     (lite_rready),
      .m_axi_in_araddr  (hp0_araddr),
      .m_axi_in_arlen   (hp0_arlen),
      .m_axi_in_arsize  (hp0_arsize),
      .m_axi_in_arburst (hp0_arburst),
      .m_axi_in_arcache (hp0_arcache),
      .m_axi_in_arprot  (hp0_arprot),
      .m_axi_in_arvalid (hp0_arvalid),
      .m_axi_in_arready (hp0_arready),
      .m_axi_in_rdata   (hp0_rdata[63:0]),
      .m_axi_in_rresp   (hp0_rresp),
      .m_axi_in_rlast   (hp0_rlast),
      .m_axi_in_rvalid  (hp0_rvalid),
      .m_axi_in_rready  (hp0_rready),
      .m_axi_out_awaddr (hp1_awaddr),
      .m_axi_out_awlen  (hp1_awlen),
      .m_axi_out_awsize (hp1_awsize),
      .m_axi_out_awburst(hp1_awburst),
      .m_axi_out_awcache(hp1_awcache),
      .m_axi_out_awprot (hp1_awprot),
      .m_axi_out_awvalid(hp1_awvalid),
      .m_axi_out_awready(hp1_awready),
      .m_axi_out_wdata  (hp1_wdata),
      .m_axi_out_wstrb  (hp1_wstrb),
      .m_axi_out_wlast  (hp1_wlast),
      .m_axi_out_wvalid (hp1_wvalid),
      .m_axi_out_wready (hp1_wready),
      .m_axi_out_bresp  (hp1_bresp),
      .m_axi_out_bvalid (hp1_bvalid),
      .m_axi_out_bready (hp1_bready),
      .in_busy_o        (in_busy),
      .out_busy_o       (out_busy)
  );

endmodule
