// SPDX-License-Identifier: BSD-3-Clause
// The synthesised top level `zynq7`, its processor taken out (fpga/bitstream/synthesis.py), with the ports of `shell`:
// so the simulated board's memory and bus (fpga/shell/board.cpp) run on it. For simulation alone.
//
// What the processor would send is made of the AXI4-Lite port: bursts of one beat. Whether the DMAs work cannot be seen
// from here, so `in_busy_o` and `out_busy_o` are 1 for good, and the program that runs this polls the registers.
module shell (
    input  logic        ap_clk,
    input  logic        ap_rst_n,

    input  logic [11:0] s_axi_awaddr,
    input  logic        s_axi_awvalid,
    output logic        s_axi_awready,
    input  logic [31:0] s_axi_wdata,
    input  logic [3:0]  s_axi_wstrb,
    input  logic        s_axi_wvalid,  // with the address, as board.cpp has it
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

    output logic        in_busy_o,
    output logic        out_busy_o
);

  assign in_busy_o  = 1'b1;
  assign out_busy_o = 1'b1;

  // board.cpp offers address and data together and takes both back when the address is accepted, as the shell accepts
  // both at once; behind the processor's port the data is accepted later.
  logic write_q, address_ready;
  logic [31:0] wdata_q;
  logic [3:0] wstrb_q;
  assign s_axi_awready = address_ready && !write_q;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) write_q <= 1'b0;
    else if (s_axi_awvalid && s_axi_awready) write_q <= 1'b1;
    else if (s_axi_wready) write_q <= 1'b0;
    if (!write_q) begin
      wdata_q <= s_axi_wdata;
      wstrb_q <= s_axi_wstrb;
    end
  end

  // These ports have 16 beats a burst and 8 bytes a beat at most: the upper bits are not there.
  assign m_axi_in_arlen[7:4]   = 4'b0;
  assign m_axi_in_arsize[2]    = 1'b0;
  assign m_axi_out_awlen[7:4]  = 4'b0;
  assign m_axi_out_awsize[2]   = 1'b0;

  zynq7 i_netlist (
      .i_processor_FCLKCLK       ({3'b0, ap_clk}),
      .i_processor_FCLKRESETN    ({3'b0, ap_rst_n}),
      .i_processor_MAXIGP0AWID   (12'h5a5),
      .i_processor_MAXIGP0AWADDR ({20'h43c00, s_axi_awaddr}),
      .i_processor_MAXIGP0AWLEN  (4'd0),
      .i_processor_MAXIGP0AWSIZE (2'd2),
      .i_processor_MAXIGP0AWBURST(2'b01),
      .i_processor_MAXIGP0AWVALID(s_axi_awvalid && !write_q),
      .i_processor_MAXIGP0AWREADY(address_ready),
      .i_processor_MAXIGP0WDATA  (wdata_q),
      .i_processor_MAXIGP0WSTRB  (wstrb_q),
      .i_processor_MAXIGP0WVALID (write_q),
      .i_processor_MAXIGP0WREADY (s_axi_wready),
      .i_processor_MAXIGP0BRESP  (s_axi_bresp),
      .i_processor_MAXIGP0BVALID (s_axi_bvalid),
      .i_processor_MAXIGP0BREADY (s_axi_bready),
      .i_processor_MAXIGP0ARID   (12'ha5a),
      .i_processor_MAXIGP0ARADDR ({20'h43c00, s_axi_araddr}),
      .i_processor_MAXIGP0ARLEN  (4'd0),
      .i_processor_MAXIGP0ARSIZE (2'd2),
      .i_processor_MAXIGP0ARBURST(2'b01),
      .i_processor_MAXIGP0ARVALID(s_axi_arvalid),
      .i_processor_MAXIGP0ARREADY(s_axi_arready),
      .i_processor_MAXIGP0RDATA  (s_axi_rdata),
      .i_processor_MAXIGP0RRESP  (s_axi_rresp),
      .i_processor_MAXIGP0RVALID (s_axi_rvalid),
      .i_processor_MAXIGP0RREADY (s_axi_rready),

      .i_processor_SAXIHP0ARADDR (m_axi_in_araddr),
      .i_processor_SAXIHP0ARLEN  (m_axi_in_arlen[3:0]),
      .i_processor_SAXIHP0ARSIZE (m_axi_in_arsize[1:0]),
      .i_processor_SAXIHP0ARBURST(m_axi_in_arburst),
      .i_processor_SAXIHP0ARCACHE(m_axi_in_arcache),
      .i_processor_SAXIHP0ARPROT (m_axi_in_arprot),
      .i_processor_SAXIHP0ARVALID(m_axi_in_arvalid),
      .i_processor_SAXIHP0ARREADY(m_axi_in_arready),
      .i_processor_SAXIHP0RDATA  (m_axi_in_rdata),
      .i_processor_SAXIHP0RRESP  (m_axi_in_rresp),
      .i_processor_SAXIHP0RLAST  (m_axi_in_rlast),
      .i_processor_SAXIHP0RVALID (m_axi_in_rvalid),
      .i_processor_SAXIHP0RREADY (m_axi_in_rready),

      .i_processor_SAXIHP2AWADDR (m_axi_out_awaddr),
      .i_processor_SAXIHP2AWLEN  (m_axi_out_awlen[3:0]),
      .i_processor_SAXIHP2AWSIZE (m_axi_out_awsize[1:0]),
      .i_processor_SAXIHP2AWBURST(m_axi_out_awburst),
      .i_processor_SAXIHP2AWCACHE(m_axi_out_awcache),
      .i_processor_SAXIHP2AWPROT (m_axi_out_awprot),
      .i_processor_SAXIHP2AWVALID(m_axi_out_awvalid),
      .i_processor_SAXIHP2AWREADY(m_axi_out_awready),
      .i_processor_SAXIHP2WDATA  (m_axi_out_wdata),
      .i_processor_SAXIHP2WSTRB  (m_axi_out_wstrb),
      .i_processor_SAXIHP2WLAST  (m_axi_out_wlast),
      .i_processor_SAXIHP2WVALID (m_axi_out_wvalid),
      .i_processor_SAXIHP2WREADY (m_axi_out_wready),
      .i_processor_SAXIHP2BRESP  (m_axi_out_bresp),
      .i_processor_SAXIHP2BVALID (m_axi_out_bvalid),
      .i_processor_SAXIHP2BREADY (m_axi_out_bready)
  );

endmodule
