// SPDX-License-Identifier: BSD-3-Clause
// AXI3 or AXI4 slave port of 32 bits to an AXI4-Lite master: what stands between a processor's port and registers.
//
// Every legal transaction is answered: bursts of all three kinds are taken beat by beat, narrow and unaligned ones
// too, each answer has its id, and an error of any beat is the write's. One transaction at a time each way: it is slow,
// and small. An exclusive access gets OKAY, which says that exclusive accesses are not known here. Write data must come
// in the order of the addresses (no interleaving), as Zynq's ports send it; so WID and WLAST tell nothing new. The
// AXI4-Lite side must take address and data of a write in the same cycle, as shell_registers.sv does, and look at whole
// words: the address of a later beat may be as unaligned as the burst's.
module axi_to_lite #(
    parameter int unsigned IdBits = 12,
    parameter int unsigned AddressBits = 12,
    parameter int unsigned LengthBits = 4  // AXI3: 4, AXI4: 8
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,

    input  logic [IdBits-1:0]      s_axi_awid,
    input  logic [AddressBits-1:0] s_axi_awaddr,
    input  logic [LengthBits-1:0]  s_axi_awlen,
    input  logic [1:0]             s_axi_awsize,  // log2 of a beat's bytes: 0 to 2
    input  logic [1:0]             s_axi_awburst,
    input  logic                   s_axi_awvalid,
    output logic                   s_axi_awready,
    input  logic [31:0]            s_axi_wdata,
    input  logic [3:0]             s_axi_wstrb,
    input  logic                   s_axi_wvalid,
    output logic                   s_axi_wready,
    output logic [IdBits-1:0]      s_axi_bid,
    output logic [1:0]             s_axi_bresp,
    output logic                   s_axi_bvalid,
    input  logic                   s_axi_bready,
    input  logic [IdBits-1:0]      s_axi_arid,
    input  logic [AddressBits-1:0] s_axi_araddr,
    input  logic [LengthBits-1:0]  s_axi_arlen,
    input  logic [1:0]             s_axi_arsize,
    input  logic [1:0]             s_axi_arburst,
    input  logic                   s_axi_arvalid,
    output logic                   s_axi_arready,
    output logic [IdBits-1:0]      s_axi_rid,
    output logic [31:0]            s_axi_rdata,
    output logic [1:0]             s_axi_rresp,
    output logic                   s_axi_rlast,
    output logic                   s_axi_rvalid,
    input  logic                   s_axi_rready,

    output logic [AddressBits-1:0] m_axi_awaddr,
    output logic                   m_axi_awvalid,
    input  logic                   m_axi_awready,
    output logic [31:0]            m_axi_wdata,
    output logic [3:0]             m_axi_wstrb,
    output logic                   m_axi_wvalid,
    input  logic                   m_axi_wready,
    input  logic [1:0]             m_axi_bresp,
    input  logic                   m_axi_bvalid,
    output logic                   m_axi_bready,
    output logic [AddressBits-1:0] m_axi_araddr,
    output logic                   m_axi_arvalid,
    input  logic                   m_axi_arready,
    input  logic [31:0]            m_axi_rdata,
    input  logic [1:0]             m_axi_rresp,
    input  logic                   m_axi_rvalid,
    output logic                   m_axi_rready
);

  localparam logic [1:0] Fixed = 2'b00;
  localparam logic [1:0] Wrap = 2'b10;

  typedef logic [AddressBits-1:0] address_t;

  // The beat after the one at `address`. `span` is the size of the whole burst, less one, where it wraps.
  function automatic address_t next_address(address_t address, logic [1:0] size, logic [1:0] burst, address_t span);
    address_t step, next;
    step = address_t'(1) << size;
    next = address + step;
    if (burst == Fixed) next = address;
    if (burst == Wrap) next = (address & ~span) | (next & span);
    return next;
  endfunction

  function automatic address_t span_of(logic [LengthBits-1:0] length, logic [1:0] size);
    return ((address_t'(length) + address_t'(1)) << size) - address_t'(1);
  endfunction

  // --- writes ---------------------------------------------------------------------------------------------------

  typedef enum logic [1:0] {
    WriteIdle,
    WriteBeat,     // a beat goes out, address and data
    WriteOutcome,  // its response comes back
    WriteAnswer
  } write_state_e;

  write_state_e write_state_q;
  logic [IdBits-1:0] write_id_q;
  address_t write_address_q, write_span_q;
  logic [LengthBits-1:0] write_left_q;
  logic [1:0] write_size_q, write_burst_q, write_response_q;

  assign s_axi_awready = write_state_q == WriteIdle;
  assign s_axi_wready  = write_state_q == WriteBeat && m_axi_awready && m_axi_wready;
  assign s_axi_bid     = write_id_q;
  assign s_axi_bresp   = write_response_q;
  assign s_axi_bvalid  = write_state_q == WriteAnswer;

  assign m_axi_awaddr  = write_address_q;
  assign m_axi_awvalid = write_state_q == WriteBeat && s_axi_wvalid;
  assign m_axi_wdata   = s_axi_wdata;
  assign m_axi_wstrb   = s_axi_wstrb;
  assign m_axi_wvalid  = write_state_q == WriteBeat && s_axi_wvalid;
  assign m_axi_bready  = write_state_q == WriteOutcome;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      write_state_q <= WriteIdle;
    end else begin
      case (write_state_q)
        WriteIdle:    if (s_axi_awvalid) write_state_q <= WriteBeat;
        WriteBeat:    if (s_axi_wvalid && s_axi_wready) write_state_q <= WriteOutcome;
        WriteOutcome: if (m_axi_bvalid) write_state_q <= write_left_q == '0 ? WriteAnswer : WriteBeat;
        default:      if (s_axi_bready) write_state_q <= WriteIdle;
      endcase
    end

    if (write_state_q == WriteIdle) begin
      write_id_q       <= s_axi_awid;
      write_address_q  <= s_axi_awaddr;
      write_span_q     <= span_of(s_axi_awlen, s_axi_awsize);
      write_left_q     <= s_axi_awlen;
      write_size_q     <= s_axi_awsize;
      write_burst_q    <= s_axi_awburst;
      write_response_q <= 2'b00;
    end else if (m_axi_bready && m_axi_bvalid) begin
      write_address_q  <= next_address(write_address_q, write_size_q, write_burst_q, write_span_q);
      write_left_q     <= write_left_q - 1'b1;
      write_response_q <= write_response_q | m_axi_bresp;  // of two errors the graver one
    end
  end

  // --- reads ----------------------------------------------------------------------------------------------------

  typedef enum logic [1:0] {
    ReadIdle,
    ReadBeat,  // a beat is asked for
    ReadData   // and passed on
  } read_state_e;

  read_state_e read_state_q;
  logic [IdBits-1:0] read_id_q;
  address_t read_address_q, read_span_q;
  logic [LengthBits-1:0] read_left_q;
  logic [1:0] read_size_q, read_burst_q;

  assign s_axi_arready = read_state_q == ReadIdle;
  assign s_axi_rid     = read_id_q;
  assign s_axi_rdata   = m_axi_rdata;
  assign s_axi_rresp   = m_axi_rresp;
  assign s_axi_rlast   = read_left_q == '0;
  assign s_axi_rvalid  = read_state_q == ReadData && m_axi_rvalid;

  assign m_axi_araddr  = read_address_q;
  assign m_axi_arvalid = read_state_q == ReadBeat;
  assign m_axi_rready  = read_state_q == ReadData && s_axi_rready;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_state_q <= ReadIdle;
    end else begin
      case (read_state_q)
        ReadIdle: if (s_axi_arvalid) read_state_q <= ReadBeat;
        ReadBeat: if (m_axi_arready) read_state_q <= ReadData;
        default:  if (m_axi_rvalid && s_axi_rready) read_state_q <= s_axi_rlast ? ReadIdle : ReadBeat;
      endcase
    end

    if (read_state_q == ReadIdle) begin
      read_id_q      <= s_axi_arid;
      read_address_q <= s_axi_araddr;
      read_span_q    <= span_of(s_axi_arlen, s_axi_arsize);
      read_left_q    <= s_axi_arlen;
      read_size_q    <= s_axi_arsize;
      read_burst_q   <= s_axi_arburst;
    end else if (m_axi_rready && m_axi_rvalid) begin
      read_address_q <= next_address(read_address_q, read_size_q, read_burst_q, read_span_q);
      read_left_q    <= read_left_q - 1'b1;
    end
  end

endmodule
