// SPDX-License-Identifier: BSD-3-Clause
// Top level for Zynq-7000: the processor (PS7, a primitive) and the shell with the accelerator in it.
//
// The processor's port GP0 reaches the shell's registers (they repeat every 4 KiB of its address range), HP0 reads
// frames from its memory, HP2 writes results: two ports, because each pair HP0/HP1 and HP2/HP3 shares one port of the
// memory controller. All of it runs on FCLK0.
//
// Nothing here configures the processor: memory, pins and PLLs are set by the board's boot loader (in the PYNQ image),
// and pynq sets FCLK0's dividers from the .hwh (fpga/shell/hwh.py). The HP ports must be 64 bits wide: they are after
// the processor's reset, the image leaves them so, and neither pynq nor the driver writes their registers (0xF8008000
// for HP0, 0xF800A000 for HP2). There is no pin to constrain: the processor's own are fixed by the package.
module zynq7 #(
    parameter int unsigned InWordBytes = 1,
    parameter int unsigned OutWordBytes = 1,
    parameter int unsigned InWordsPerFrame = 1,
    parameter int unsigned OutWordsPerFrame = 1,
    parameter logic [31:0] DesignHash = 32'h0,
    parameter int unsigned ClockMhz = 100
);

  logic clk;
  logic [3:0] fclk, fclk_rst_n;
  logic unused_fclk;
  assign unused_fclk = &{1'b0, fclk[3:1], fclk_rst_n[3:1]};

  BUFG i_clock_buffer (
      .I(fclk[0]),
      .O(clk)
  );

  // FCLKRESETN does not follow the clock. The flip-flops begin at 0, so there is a reset after configuration as well.
  (* ASYNC_REG = "TRUE" *) logic [1:0] rst_nq;
  logic rst_n;
  initial rst_nq = '0;
  always @(posedge clk) rst_nq <= {rst_nq[0], fclk_rst_n[0]};
  assign rst_n = rst_nq[1];

  logic [11:0] gp0_awid, gp0_bid, gp0_arid, gp0_rid;
  logic [31:0] gp0_awaddr, gp0_araddr, gp0_wdata, gp0_rdata;
  logic [3:0] gp0_awlen, gp0_arlen, gp0_wstrb;
  logic [1:0] gp0_awsize, gp0_arsize, gp0_awburst, gp0_arburst, gp0_bresp, gp0_rresp;
  logic gp0_awvalid, gp0_awready, gp0_wvalid, gp0_wready, gp0_bvalid, gp0_bready;
  logic gp0_arvalid, gp0_arready, gp0_rlast, gp0_rvalid, gp0_rready;

  logic [31:0] hp0_araddr, hp2_awaddr;
  logic [7:0] hp0_arlen, hp2_awlen, hp2_wstrb;
  logic [2:0] hp0_arsize, hp2_awsize, hp0_arprot, hp2_awprot;
  logic [1:0] hp0_arburst, hp2_awburst, hp0_rresp, hp2_bresp;
  logic [3:0] hp0_arcache, hp2_awcache;
  logic [63:0] hp0_rdata, hp2_wdata;
  logic hp0_arvalid, hp0_arready, hp0_rlast, hp0_rvalid, hp0_rready;
  logic hp2_awvalid, hp2_awready, hp2_wlast, hp2_wvalid, hp2_wready, hp2_bvalid, hp2_bready;

  PS7 i_processor (
      .FCLKCLK             (fclk),
      .FCLKRESETN          (fclk_rst_n),

      .MAXIGP0ACLK         (clk),
      .MAXIGP0AWID         (gp0_awid),
      .MAXIGP0AWADDR       (gp0_awaddr),
      .MAXIGP0AWLEN        (gp0_awlen),
      .MAXIGP0AWSIZE       (gp0_awsize),
      .MAXIGP0AWBURST      (gp0_awburst),
      .MAXIGP0AWVALID      (gp0_awvalid),
      .MAXIGP0AWREADY      (gp0_awready),
      .MAXIGP0WDATA        (gp0_wdata),
      .MAXIGP0WSTRB        (gp0_wstrb),
      .MAXIGP0WVALID       (gp0_wvalid),
      .MAXIGP0WREADY       (gp0_wready),
      .MAXIGP0BID          (gp0_bid),
      .MAXIGP0BRESP        (gp0_bresp),
      .MAXIGP0BVALID       (gp0_bvalid),
      .MAXIGP0BREADY       (gp0_bready),
      .MAXIGP0ARID         (gp0_arid),
      .MAXIGP0ARADDR       (gp0_araddr),
      .MAXIGP0ARLEN        (gp0_arlen),
      .MAXIGP0ARSIZE       (gp0_arsize),
      .MAXIGP0ARBURST      (gp0_arburst),
      .MAXIGP0ARVALID      (gp0_arvalid),
      .MAXIGP0ARREADY      (gp0_arready),
      .MAXIGP0RID          (gp0_rid),
      .MAXIGP0RDATA        (gp0_rdata),
      .MAXIGP0RRESP        (gp0_rresp),
      .MAXIGP0RLAST        (gp0_rlast),
      .MAXIGP0RVALID       (gp0_rvalid),
      .MAXIGP0RREADY       (gp0_rready),

      .SAXIHP0ACLK         (clk),
      .SAXIHP0RDISSUECAP1EN(1'b0),  // as many bursts on their way as the port's own register allows
      .SAXIHP0WRISSUECAP1EN(1'b0),
      .SAXIHP0ARID         (6'b0),
      .SAXIHP0ARADDR       (hp0_araddr),
      .SAXIHP0ARLEN        (hp0_arlen[3:0]),
      .SAXIHP0ARSIZE       (hp0_arsize[1:0]),
      .SAXIHP0ARBURST      (hp0_arburst),
      .SAXIHP0ARLOCK       (2'b00),
      .SAXIHP0ARCACHE      (hp0_arcache),
      .SAXIHP0ARPROT       (hp0_arprot),
      .SAXIHP0ARQOS        (4'b0),
      .SAXIHP0ARVALID      (hp0_arvalid),
      .SAXIHP0ARREADY      (hp0_arready),
      .SAXIHP0RDATA        (hp0_rdata),
      .SAXIHP0RRESP        (hp0_rresp),
      .SAXIHP0RLAST        (hp0_rlast),
      .SAXIHP0RVALID       (hp0_rvalid),
      .SAXIHP0RREADY       (hp0_rready),

      .SAXIHP2ACLK         (clk),
      .SAXIHP2RDISSUECAP1EN(1'b0),
      .SAXIHP2WRISSUECAP1EN(1'b0),
      .SAXIHP2AWID         (6'b0),
      .SAXIHP2AWADDR       (hp2_awaddr),
      .SAXIHP2AWLEN        (hp2_awlen[3:0]),
      .SAXIHP2AWSIZE       (hp2_awsize[1:0]),
      .SAXIHP2AWBURST      (hp2_awburst),
      .SAXIHP2AWLOCK       (2'b00),
      .SAXIHP2AWCACHE      (hp2_awcache),
      .SAXIHP2AWPROT       (hp2_awprot),
      .SAXIHP2AWQOS        (4'b0),
      .SAXIHP2AWVALID      (hp2_awvalid),
      .SAXIHP2AWREADY      (hp2_awready),
      .SAXIHP2WID          (6'b0),
      .SAXIHP2WDATA        (hp2_wdata),
      .SAXIHP2WSTRB        (hp2_wstrb),
      .SAXIHP2WLAST        (hp2_wlast),
      .SAXIHP2WVALID       (hp2_wvalid),
      .SAXIHP2WREADY       (hp2_wready),
      .SAXIHP2BRESP        (hp2_bresp),
      .SAXIHP2BVALID       (hp2_bvalid),
      .SAXIHP2BREADY       (hp2_bready),

      // The package's own pins.
      .DDRCASB(), .DDRCKE(), .DDRCKN(), .DDRCKP(), .DDRCSB(), .DDRDRSTB(), .DDRODT(), .DDRRASB(), .DDRVRN(), .DDRVRP(),
      .DDRWEB(), .PSCLK(), .PSPORB(), .PSSRSTB(), .DDRA(), .DDRBA(), .DDRDQ(), .DDRDM(), .DDRDQSN(), .DDRDQSP(),
      .MIO(),

      // Not used: inputs, all of them low.
      .DDRARB(4'b0), .EVENTEVENTI(1'b0), .FCLKCLKTRIGN(4'b0), .FPGAIDLEN(1'b0), .FTMDTRACEINATID(4'b0),
      .FTMDTRACEINCLOCK(1'b0), .FTMDTRACEINDATA(32'b0), .FTMDTRACEINVALID(1'b0), .FTMTF2PDEBUG(32'b0),
      .FTMTF2PTRIG(4'b0), .FTMTP2FTRIGACK(4'b0), .IRQF2P(20'b0),
      .MAXIGP1ACLK(1'b0), .MAXIGP1ARREADY(1'b0), .MAXIGP1AWREADY(1'b0), .MAXIGP1BID(12'b0), .MAXIGP1BRESP(2'b0),
      .MAXIGP1BVALID(1'b0), .MAXIGP1RDATA(32'b0), .MAXIGP1RID(12'b0), .MAXIGP1RLAST(1'b0), .MAXIGP1RRESP(2'b0),
      .MAXIGP1RVALID(1'b0), .MAXIGP1WREADY(1'b0),
      .SAXIGP0ACLK(1'b0), .SAXIGP0ARADDR(32'b0), .SAXIGP0ARBURST(2'b0), .SAXIGP0ARCACHE(4'b0), .SAXIGP0ARID(6'b0),
      .SAXIGP0ARLEN(4'b0), .SAXIGP0ARLOCK(2'b0), .SAXIGP0ARPROT(3'b0), .SAXIGP0ARQOS(4'b0), .SAXIGP0ARSIZE(2'b0),
      .SAXIGP0ARVALID(1'b0), .SAXIGP0AWADDR(32'b0), .SAXIGP0AWBURST(2'b0), .SAXIGP0AWCACHE(4'b0), .SAXIGP0AWID(6'b0),
      .SAXIGP0AWLEN(4'b0), .SAXIGP0AWLOCK(2'b0), .SAXIGP0AWPROT(3'b0), .SAXIGP0AWQOS(4'b0), .SAXIGP0AWSIZE(2'b0),
      .SAXIGP0AWVALID(1'b0), .SAXIGP0BREADY(1'b0), .SAXIGP0RREADY(1'b0), .SAXIGP0WDATA(32'b0), .SAXIGP0WID(6'b0),
      .SAXIGP0WLAST(1'b0), .SAXIGP0WSTRB(4'b0), .SAXIGP0WVALID(1'b0),
      .SAXIGP1ACLK(1'b0), .SAXIGP1ARADDR(32'b0), .SAXIGP1ARBURST(2'b0), .SAXIGP1ARCACHE(4'b0), .SAXIGP1ARID(6'b0),
      .SAXIGP1ARLEN(4'b0), .SAXIGP1ARLOCK(2'b0), .SAXIGP1ARPROT(3'b0), .SAXIGP1ARQOS(4'b0), .SAXIGP1ARSIZE(2'b0),
      .SAXIGP1ARVALID(1'b0), .SAXIGP1AWADDR(32'b0), .SAXIGP1AWBURST(2'b0), .SAXIGP1AWCACHE(4'b0), .SAXIGP1AWID(6'b0),
      .SAXIGP1AWLEN(4'b0), .SAXIGP1AWLOCK(2'b0), .SAXIGP1AWPROT(3'b0), .SAXIGP1AWQOS(4'b0), .SAXIGP1AWSIZE(2'b0),
      .SAXIGP1AWVALID(1'b0), .SAXIGP1BREADY(1'b0), .SAXIGP1RREADY(1'b0), .SAXIGP1WDATA(32'b0), .SAXIGP1WID(6'b0),
      .SAXIGP1WLAST(1'b0), .SAXIGP1WSTRB(4'b0), .SAXIGP1WVALID(1'b0),
      .SAXIACPACLK(1'b0), .SAXIACPARADDR(32'b0), .SAXIACPARBURST(2'b0), .SAXIACPARCACHE(4'b0), .SAXIACPARID(3'b0),
      .SAXIACPARLEN(4'b0), .SAXIACPARLOCK(2'b0), .SAXIACPARPROT(3'b0), .SAXIACPARQOS(4'b0), .SAXIACPARSIZE(2'b0),
      .SAXIACPARUSER(5'b0), .SAXIACPARVALID(1'b0), .SAXIACPAWADDR(32'b0), .SAXIACPAWBURST(2'b0), .SAXIACPAWCACHE(4'b0),
      .SAXIACPAWID(3'b0), .SAXIACPAWLEN(4'b0), .SAXIACPAWLOCK(2'b0), .SAXIACPAWPROT(3'b0), .SAXIACPAWQOS(4'b0),
      .SAXIACPAWSIZE(2'b0), .SAXIACPAWUSER(5'b0), .SAXIACPAWVALID(1'b0), .SAXIACPBREADY(1'b0), .SAXIACPRREADY(1'b0),
      .SAXIACPWDATA(64'b0), .SAXIACPWID(3'b0), .SAXIACPWLAST(1'b0), .SAXIACPWSTRB(8'b0), .SAXIACPWVALID(1'b0),
      .SAXIHP0AWADDR(32'b0), .SAXIHP0AWBURST(2'b0), .SAXIHP0AWCACHE(4'b0), .SAXIHP0AWID(6'b0), .SAXIHP0AWLEN(4'b0),
      .SAXIHP0AWLOCK(2'b0), .SAXIHP0AWPROT(3'b0), .SAXIHP0AWQOS(4'b0), .SAXIHP0AWSIZE(2'b0), .SAXIHP0AWVALID(1'b0),
      .SAXIHP0BREADY(1'b0), .SAXIHP0WDATA(64'b0), .SAXIHP0WID(6'b0), .SAXIHP0WLAST(1'b0), .SAXIHP0WSTRB(8'b0),
      .SAXIHP0WVALID(1'b0),
      .SAXIHP1ACLK(1'b0), .SAXIHP1ARADDR(32'b0), .SAXIHP1ARBURST(2'b0), .SAXIHP1ARCACHE(4'b0), .SAXIHP1ARID(6'b0),
      .SAXIHP1ARLEN(4'b0), .SAXIHP1ARLOCK(2'b0), .SAXIHP1ARPROT(3'b0), .SAXIHP1ARQOS(4'b0), .SAXIHP1ARSIZE(2'b0),
      .SAXIHP1ARVALID(1'b0), .SAXIHP1AWADDR(32'b0), .SAXIHP1AWBURST(2'b0), .SAXIHP1AWCACHE(4'b0), .SAXIHP1AWID(6'b0),
      .SAXIHP1AWLEN(4'b0), .SAXIHP1AWLOCK(2'b0), .SAXIHP1AWPROT(3'b0), .SAXIHP1AWQOS(4'b0), .SAXIHP1AWSIZE(2'b0),
      .SAXIHP1AWVALID(1'b0), .SAXIHP1BREADY(1'b0), .SAXIHP1RDISSUECAP1EN(1'b0), .SAXIHP1RREADY(1'b0),
      .SAXIHP1WDATA(64'b0), .SAXIHP1WID(6'b0), .SAXIHP1WLAST(1'b0), .SAXIHP1WRISSUECAP1EN(1'b0), .SAXIHP1WSTRB(8'b0),
      .SAXIHP1WVALID(1'b0),
      .SAXIHP2ARADDR(32'b0), .SAXIHP2ARBURST(2'b0), .SAXIHP2ARCACHE(4'b0), .SAXIHP2ARID(6'b0), .SAXIHP2ARLEN(4'b0),
      .SAXIHP2ARLOCK(2'b0), .SAXIHP2ARPROT(3'b0), .SAXIHP2ARQOS(4'b0), .SAXIHP2ARSIZE(2'b0), .SAXIHP2ARVALID(1'b0),
      .SAXIHP2RREADY(1'b0),
      .SAXIHP3ACLK(1'b0), .SAXIHP3ARADDR(32'b0), .SAXIHP3ARBURST(2'b0), .SAXIHP3ARCACHE(4'b0), .SAXIHP3ARID(6'b0),
      .SAXIHP3ARLEN(4'b0), .SAXIHP3ARLOCK(2'b0), .SAXIHP3ARPROT(3'b0), .SAXIHP3ARQOS(4'b0), .SAXIHP3ARSIZE(2'b0),
      .SAXIHP3ARVALID(1'b0), .SAXIHP3AWADDR(32'b0), .SAXIHP3AWBURST(2'b0), .SAXIHP3AWCACHE(4'b0), .SAXIHP3AWID(6'b0),
      .SAXIHP3AWLEN(4'b0), .SAXIHP3AWLOCK(2'b0), .SAXIHP3AWPROT(3'b0), .SAXIHP3AWQOS(4'b0), .SAXIHP3AWSIZE(2'b0),
      .SAXIHP3AWVALID(1'b0), .SAXIHP3BREADY(1'b0), .SAXIHP3RDISSUECAP1EN(1'b0), .SAXIHP3RREADY(1'b0),
      .SAXIHP3WDATA(64'b0), .SAXIHP3WID(6'b0), .SAXIHP3WLAST(1'b0), .SAXIHP3WRISSUECAP1EN(1'b0), .SAXIHP3WSTRB(8'b0),
      .SAXIHP3WVALID(1'b0),
      .DMA0ACLK(1'b0), .DMA0DAREADY(1'b0), .DMA0DRLAST(1'b0), .DMA0DRTYPE(2'b0), .DMA0DRVALID(1'b0), .DMA1ACLK(1'b0),
      .DMA1DAREADY(1'b0), .DMA1DRLAST(1'b0), .DMA1DRTYPE(2'b0), .DMA1DRVALID(1'b0), .DMA2ACLK(1'b0),
      .DMA2DAREADY(1'b0), .DMA2DRLAST(1'b0), .DMA2DRTYPE(2'b0), .DMA2DRVALID(1'b0), .DMA3ACLK(1'b0),
      .DMA3DAREADY(1'b0), .DMA3DRLAST(1'b0), .DMA3DRTYPE(2'b0), .DMA3DRVALID(1'b0),
      .EMIOCAN0PHYRX(1'b0), .EMIOCAN1PHYRX(1'b0), .EMIOENET0EXTINTIN(1'b0), .EMIOENET0GMIICOL(1'b0),
      .EMIOENET0GMIICRS(1'b0), .EMIOENET0GMIIRXCLK(1'b0), .EMIOENET0GMIIRXD(8'b0), .EMIOENET0GMIIRXDV(1'b0),
      .EMIOENET0GMIIRXER(1'b0), .EMIOENET0GMIITXCLK(1'b0), .EMIOENET0MDIOI(1'b0), .EMIOENET1EXTINTIN(1'b0),
      .EMIOENET1GMIICOL(1'b0), .EMIOENET1GMIICRS(1'b0), .EMIOENET1GMIIRXCLK(1'b0), .EMIOENET1GMIIRXD(8'b0),
      .EMIOENET1GMIIRXDV(1'b0), .EMIOENET1GMIIRXER(1'b0), .EMIOENET1GMIITXCLK(1'b0), .EMIOENET1MDIOI(1'b0),
      .EMIOGPIOI(64'b0), .EMIOI2C0SCLI(1'b0), .EMIOI2C0SDAI(1'b0), .EMIOI2C1SCLI(1'b0), .EMIOI2C1SDAI(1'b0),
      .EMIOPJTAGTCK(1'b0), .EMIOPJTAGTDI(1'b0), .EMIOPJTAGTMS(1'b0), .EMIOSDIO0CDN(1'b0), .EMIOSDIO0CLKFB(1'b0),
      .EMIOSDIO0CMDI(1'b0), .EMIOSDIO0DATAI(4'b0), .EMIOSDIO0WP(1'b0), .EMIOSDIO1CDN(1'b0), .EMIOSDIO1CLKFB(1'b0),
      .EMIOSDIO1CMDI(1'b0), .EMIOSDIO1DATAI(4'b0), .EMIOSDIO1WP(1'b0), .EMIOSPI0MI(1'b0), .EMIOSPI0SCLKI(1'b0),
      .EMIOSPI0SI(1'b0), .EMIOSPI0SSIN(1'b0), .EMIOSPI1MI(1'b0), .EMIOSPI1SCLKI(1'b0), .EMIOSPI1SI(1'b0),
      .EMIOSPI1SSIN(1'b0), .EMIOSRAMINTIN(1'b0), .EMIOTRACECLK(1'b0), .EMIOTTC0CLKI(3'b0), .EMIOTTC1CLKI(3'b0),
      .EMIOUART0CTSN(1'b0), .EMIOUART0DCDN(1'b0), .EMIOUART0DSRN(1'b0), .EMIOUART0RIN(1'b0), .EMIOUART0RX(1'b0),
      .EMIOUART1CTSN(1'b0), .EMIOUART1DCDN(1'b0), .EMIOUART1DSRN(1'b0), .EMIOUART1RIN(1'b0), .EMIOUART1RX(1'b0),
      .EMIOUSB0VBUSPWRFAULT(1'b0), .EMIOUSB1VBUSPWRFAULT(1'b0), .EMIOWDTCLKI(1'b0),

      // Not used: outputs.
      .EVENTEVENTO(), .EVENTSTANDBYWFE(), .EVENTSTANDBYWFI(),
      .FTMTF2PTRIGACK(), .FTMTP2FDEBUG(), .FTMTP2FTRIG(),
      .IRQP2F(),
      .MAXIGP0ARCACHE(), .MAXIGP0ARESETN(), .MAXIGP0ARLOCK(), .MAXIGP0ARPROT(), .MAXIGP0ARQOS(), .MAXIGP0AWCACHE(),
      .MAXIGP0AWLOCK(), .MAXIGP0AWPROT(), .MAXIGP0AWQOS(), .MAXIGP0WID(), .MAXIGP0WLAST(),
      .MAXIGP1ARADDR(), .MAXIGP1ARBURST(), .MAXIGP1ARCACHE(), .MAXIGP1ARESETN(), .MAXIGP1ARID(), .MAXIGP1ARLEN(),
      .MAXIGP1ARLOCK(), .MAXIGP1ARPROT(), .MAXIGP1ARQOS(), .MAXIGP1ARSIZE(), .MAXIGP1ARVALID(), .MAXIGP1AWADDR(),
      .MAXIGP1AWBURST(), .MAXIGP1AWCACHE(), .MAXIGP1AWID(), .MAXIGP1AWLEN(), .MAXIGP1AWLOCK(), .MAXIGP1AWPROT(),
      .MAXIGP1AWQOS(), .MAXIGP1AWSIZE(), .MAXIGP1AWVALID(), .MAXIGP1BREADY(), .MAXIGP1RREADY(), .MAXIGP1WDATA(),
      .MAXIGP1WID(), .MAXIGP1WLAST(), .MAXIGP1WSTRB(), .MAXIGP1WVALID(),
      .SAXIGP0ARESETN(), .SAXIGP0ARREADY(), .SAXIGP0AWREADY(), .SAXIGP0BID(), .SAXIGP0BRESP(), .SAXIGP0BVALID(),
      .SAXIGP0RDATA(), .SAXIGP0RID(), .SAXIGP0RLAST(), .SAXIGP0RRESP(), .SAXIGP0RVALID(), .SAXIGP0WREADY(),
      .SAXIGP1ARESETN(), .SAXIGP1ARREADY(), .SAXIGP1AWREADY(), .SAXIGP1BID(), .SAXIGP1BRESP(), .SAXIGP1BVALID(),
      .SAXIGP1RDATA(), .SAXIGP1RID(), .SAXIGP1RLAST(), .SAXIGP1RRESP(), .SAXIGP1RVALID(), .SAXIGP1WREADY(),
      .SAXIACPARESETN(), .SAXIACPARREADY(), .SAXIACPAWREADY(), .SAXIACPBID(), .SAXIACPBRESP(), .SAXIACPBVALID(),
      .SAXIACPRDATA(), .SAXIACPRID(), .SAXIACPRLAST(), .SAXIACPRRESP(), .SAXIACPRVALID(), .SAXIACPWREADY(),
      .SAXIHP0ARESETN(), .SAXIHP0AWREADY(), .SAXIHP0BID(), .SAXIHP0BRESP(), .SAXIHP0BVALID(), .SAXIHP0RACOUNT(),
      .SAXIHP0RCOUNT(), .SAXIHP0RID(), .SAXIHP0WACOUNT(), .SAXIHP0WCOUNT(), .SAXIHP0WREADY(),
      .SAXIHP1ARESETN(), .SAXIHP1ARREADY(), .SAXIHP1AWREADY(), .SAXIHP1BID(), .SAXIHP1BRESP(), .SAXIHP1BVALID(),
      .SAXIHP1RACOUNT(), .SAXIHP1RCOUNT(), .SAXIHP1RDATA(), .SAXIHP1RID(), .SAXIHP1RLAST(), .SAXIHP1RRESP(),
      .SAXIHP1RVALID(), .SAXIHP1WACOUNT(), .SAXIHP1WCOUNT(), .SAXIHP1WREADY(),
      .SAXIHP2ARESETN(), .SAXIHP2ARREADY(), .SAXIHP2BID(), .SAXIHP2RACOUNT(), .SAXIHP2RCOUNT(), .SAXIHP2RDATA(),
      .SAXIHP2RID(), .SAXIHP2RLAST(), .SAXIHP2RRESP(), .SAXIHP2RVALID(), .SAXIHP2WACOUNT(), .SAXIHP2WCOUNT(),
      .SAXIHP3ARESETN(), .SAXIHP3ARREADY(), .SAXIHP3AWREADY(), .SAXIHP3BID(), .SAXIHP3BRESP(), .SAXIHP3BVALID(),
      .SAXIHP3RACOUNT(), .SAXIHP3RCOUNT(), .SAXIHP3RDATA(), .SAXIHP3RID(), .SAXIHP3RLAST(), .SAXIHP3RRESP(),
      .SAXIHP3RVALID(), .SAXIHP3WACOUNT(), .SAXIHP3WCOUNT(), .SAXIHP3WREADY(),
      .DMA0DATYPE(), .DMA0DAVALID(), .DMA0DRREADY(), .DMA0RSTN(), .DMA1DATYPE(), .DMA1DAVALID(), .DMA1DRREADY(),
      .DMA1RSTN(), .DMA2DATYPE(), .DMA2DAVALID(), .DMA2DRREADY(), .DMA2RSTN(), .DMA3DATYPE(), .DMA3DAVALID(),
      .DMA3DRREADY(), .DMA3RSTN(),
      .EMIOCAN0PHYTX(), .EMIOCAN1PHYTX(), .EMIOENET0GMIITXD(), .EMIOENET0GMIITXEN(), .EMIOENET0GMIITXER(),
      .EMIOENET0MDIOMDC(), .EMIOENET0MDIOO(), .EMIOENET0MDIOTN(), .EMIOENET0PTPDELAYREQRX(), .EMIOENET0PTPDELAYREQTX(),
      .EMIOENET0PTPPDELAYREQRX(), .EMIOENET0PTPPDELAYREQTX(), .EMIOENET0PTPPDELAYRESPRX(), .EMIOENET0PTPPDELAYRESPTX(),
      .EMIOENET0PTPSYNCFRAMERX(), .EMIOENET0PTPSYNCFRAMETX(), .EMIOENET0SOFRX(), .EMIOENET0SOFTX(), .EMIOENET1GMIITXD(),
      .EMIOENET1GMIITXEN(), .EMIOENET1GMIITXER(), .EMIOENET1MDIOMDC(), .EMIOENET1MDIOO(), .EMIOENET1MDIOTN(),
      .EMIOENET1PTPDELAYREQRX(), .EMIOENET1PTPDELAYREQTX(), .EMIOENET1PTPPDELAYREQRX(), .EMIOENET1PTPPDELAYREQTX(),
      .EMIOENET1PTPPDELAYRESPRX(), .EMIOENET1PTPPDELAYRESPTX(), .EMIOENET1PTPSYNCFRAMERX(), .EMIOENET1PTPSYNCFRAMETX(),
      .EMIOENET1SOFRX(), .EMIOENET1SOFTX(), .EMIOGPIOO(), .EMIOGPIOTN(), .EMIOI2C0SCLO(), .EMIOI2C0SCLTN(),
      .EMIOI2C0SDAO(), .EMIOI2C0SDATN(), .EMIOI2C1SCLO(), .EMIOI2C1SCLTN(), .EMIOI2C1SDAO(), .EMIOI2C1SDATN(),
      .EMIOPJTAGTDO(), .EMIOPJTAGTDTN(), .EMIOSDIO0BUSPOW(), .EMIOSDIO0BUSVOLT(), .EMIOSDIO0CLK(), .EMIOSDIO0CMDO(),
      .EMIOSDIO0CMDTN(), .EMIOSDIO0DATAO(), .EMIOSDIO0DATATN(), .EMIOSDIO0LED(), .EMIOSDIO1BUSPOW(),
      .EMIOSDIO1BUSVOLT(), .EMIOSDIO1CLK(), .EMIOSDIO1CMDO(), .EMIOSDIO1CMDTN(), .EMIOSDIO1DATAO(), .EMIOSDIO1DATATN(),
      .EMIOSDIO1LED(), .EMIOSPI0MO(), .EMIOSPI0MOTN(), .EMIOSPI0SCLKO(), .EMIOSPI0SCLKTN(), .EMIOSPI0SO(),
      .EMIOSPI0SSNTN(), .EMIOSPI0SSON(), .EMIOSPI0STN(), .EMIOSPI1MO(), .EMIOSPI1MOTN(), .EMIOSPI1SCLKO(),
      .EMIOSPI1SCLKTN(), .EMIOSPI1SO(), .EMIOSPI1SSNTN(), .EMIOSPI1SSON(), .EMIOSPI1STN(), .EMIOTRACECTL(),
      .EMIOTRACEDATA(), .EMIOTTC0WAVEO(), .EMIOTTC1WAVEO(), .EMIOUART0DTRN(), .EMIOUART0RTSN(), .EMIOUART0TX(),
      .EMIOUART1DTRN(), .EMIOUART1RTSN(), .EMIOUART1TX(), .EMIOUSB0PORTINDCTL(), .EMIOUSB0VBUSPWRSELECT(),
      .EMIOUSB1PORTINDCTL(), .EMIOUSB1VBUSPWRSELECT(), .EMIOWDTRSTO()
  );

  // Bursts have at most 16 beats of 8 bytes (burst_length.sv): the upper bits, which these ports lack, are 0.
  logic unused_bits;
  assign unused_bits = &{1'b0, gp0_awaddr[31:12], gp0_araddr[31:12], hp0_arlen[7:4], hp2_awlen[7:4], hp0_arsize[2],
                         hp2_awsize[2]};

  logic [11:0] lite_awaddr, lite_araddr;
  logic [31:0] lite_wdata, lite_rdata;
  logic [3:0] lite_wstrb;
  logic [1:0] lite_bresp, lite_rresp;
  logic lite_awvalid, lite_awready, lite_wvalid, lite_wready, lite_bvalid, lite_bready;
  logic lite_arvalid, lite_arready, lite_rvalid, lite_rready;

  axi_to_lite #(
      .IdBits     (12),
      .AddressBits(12),
      .LengthBits (4)
  ) i_axi_to_lite (
      .clk_i        (clk),
      .rst_ni       (rst_n),
      .s_axi_awid   (gp0_awid),
      .s_axi_awaddr (gp0_awaddr[11:0]),
      .s_axi_awlen  (gp0_awlen),
      .s_axi_awsize (gp0_awsize),
      .s_axi_awburst(gp0_awburst),
      .s_axi_awvalid(gp0_awvalid),
      .s_axi_awready(gp0_awready),
      .s_axi_wdata  (gp0_wdata),
      .s_axi_wstrb  (gp0_wstrb),
      .s_axi_wvalid (gp0_wvalid),
      .s_axi_wready (gp0_wready),
      .s_axi_bid    (gp0_bid),
      .s_axi_bresp  (gp0_bresp),
      .s_axi_bvalid (gp0_bvalid),
      .s_axi_bready (gp0_bready),
      .s_axi_arid   (gp0_arid),
      .s_axi_araddr (gp0_araddr[11:0]),
      .s_axi_arlen  (gp0_arlen),
      .s_axi_arsize (gp0_arsize),
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
      .m_axi_in_rdata   (hp0_rdata),
      .m_axi_in_rresp   (hp0_rresp),
      .m_axi_in_rlast   (hp0_rlast),
      .m_axi_in_rvalid  (hp0_rvalid),
      .m_axi_in_rready  (hp0_rready),
      .m_axi_out_awaddr (hp2_awaddr),
      .m_axi_out_awlen  (hp2_awlen),
      .m_axi_out_awsize (hp2_awsize),
      .m_axi_out_awburst(hp2_awburst),
      .m_axi_out_awcache(hp2_awcache),
      .m_axi_out_awprot (hp2_awprot),
      .m_axi_out_awvalid(hp2_awvalid),
      .m_axi_out_awready(hp2_awready),
      .m_axi_out_wdata  (hp2_wdata),
      .m_axi_out_wstrb  (hp2_wstrb),
      .m_axi_out_wlast  (hp2_wlast),
      .m_axi_out_wvalid (hp2_wvalid),
      .m_axi_out_wready (hp2_wready),
      .m_axi_out_bresp  (hp2_bresp),
      .m_axi_out_bvalid (hp2_bvalid),
      .m_axi_out_bready (hp2_bready),
      .in_busy_o        (in_busy),
      .out_busy_o       (out_busy)
  );

endmodule
