// SPDX-License-Identifier: BSD-3-Clause
// The shell's AXI4-Lite port: the register map of registers.py, in hardware. It holds what software sets (addresses,
// frame counts, done and error bits); what the registers do is shell.sv's business.
//
// One access at a time each way. Offsets that hold nothing read as 0, and writing them does nothing: an error response
// would end the program on the processor with a bus error.
module shell_registers #(
    parameter logic [31:0] DesignHash = 32'h0,
    parameter int unsigned ClockMhz = 100
) (
    input  logic        clk_i,
    input  logic        rst_ni,

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

    // Input DMA, output DMA
    output logic        in_start_o,
    output logic [63:0] in_address_o,
    output logic [31:0] in_frames_o,
    input  logic        in_busy_i,
    input  logic        in_done_i,
    output logic        out_start_o,
    output logic [63:0] out_address_o,
    output logic [31:0] out_frames_o,
    input  logic        out_busy_i,
    input  logic        out_done_i,

    // Errors: bit 0 read, 1 write, 2 refused; `forget_done_i` takes the done bits back
    input  logic [2:0]  errors_i,
    output logic        failed_o,
    output logic        reset_o,
    input  logic        resetting_i,
    input  logic        forget_done_i,

    input  logic [63:0] cycles_i,
    input  logic [31:0] first_output_cycle_i,
    input  logic [31:0] first_frame_cycle_i,
    input  logic [31:0] last_frame_cycle_i,
    input  logic [31:0] frames_out_i,
    input  logic [31:0] in_beats_i,
    input  logic [31:0] in_words_i,
    input  logic [31:0] in_stalls_i,
    input  logic [31:0] out_words_i,
    input  logic [31:0] out_stalls_i,
    input  logic [31:0] out_beats_i
);

  localparam logic [31:0] Identity = 32'h5041_5257;  // "WRAP"
  localparam logic [31:0] Version = 32'd1;

  localparam logic [11:0] InControl = 12'h000;
  localparam logic [11:0] InAddressLow = 12'h010;
  localparam logic [11:0] InAddressHigh = 12'h014;
  localparam logic [11:0] InFrames = 12'h01c;
  localparam logic [11:0] OutControl = 12'h100;
  localparam logic [11:0] OutAddressLow = 12'h110;
  localparam logic [11:0] OutAddressHigh = 12'h114;
  localparam logic [11:0] OutFrames = 12'h11c;
  localparam logic [11:0] CyclesLow = 12'h210;
  localparam logic [11:0] Error = 12'h238;
  localparam logic [11:0] Reset = 12'h23c;

  logic write, read;
  logic [11:0] write_offset, read_offset;
  logic bvalid_q, rvalid_q;
  logic [31:0] rdata_d, rdata_q;
  logic [31:0] cycles_high_q;  // taken when the low half is read
  logic in_done_q, out_done_q;
  logic [2:0] error_q, error_clear;
  logic [63:0] in_address_q, out_address_q;
  logic [31:0] in_frames_q, out_frames_q;

  function automatic logic [31:0] merge(logic [31:0] old, logic [31:0] data, logic [3:0] strobe);
    for (int unsigned lane = 0; lane < 4; lane++) merge[lane*8+:8] = strobe[lane] ? data[lane*8+:8] : old[lane*8+:8];
  endfunction

  // Registers are whole words: a narrow access says by the strobes which bytes it means.
  logic unused_low_bits;
  assign unused_low_bits = &{1'b0, s_axi_awaddr[1:0], s_axi_araddr[1:0]};
  assign write_offset = {s_axi_awaddr[11:2], 2'b00};
  assign read_offset  = {s_axi_araddr[11:2], 2'b00};

  // Address and data of a write are taken together, once both are there and the last response is gone.
  assign write         = s_axi_awvalid && s_axi_wvalid && !bvalid_q;
  assign s_axi_awready = write;
  assign s_axi_wready  = write;
  assign s_axi_bresp   = 2'b00;
  assign s_axi_bvalid  = bvalid_q;
  assign read          = s_axi_arvalid && !rvalid_q;
  assign s_axi_arready = !rvalid_q;
  assign s_axi_rdata   = rdata_q;
  assign s_axi_rresp   = 2'b00;
  assign s_axi_rvalid  = rvalid_q;

  assign in_start_o  = write && write_offset == InControl && s_axi_wstrb[0] && s_axi_wdata[0];
  assign out_start_o = write && write_offset == OutControl && s_axi_wstrb[0] && s_axi_wdata[0];
  assign reset_o     = write && write_offset == Reset && s_axi_wstrb[0] && s_axi_wdata[0];
  assign error_clear = (write && write_offset == Error && s_axi_wstrb[0]) ? s_axi_wdata[2:0] : 3'b0;

  assign in_address_o  = in_address_q;
  assign in_frames_o   = in_frames_q;
  assign out_address_o = out_address_q;
  assign out_frames_o  = out_frames_q;
  assign failed_o      = error_q != '0;

  always_comb begin
    case (read_offset)
      InControl:      rdata_d = {28'b0, !in_busy_i, !in_busy_i, in_done_q, in_busy_i};
      InAddressLow:   rdata_d = in_address_q[31:0];
      InAddressHigh:  rdata_d = in_address_q[63:32];
      InFrames:       rdata_d = in_frames_q;
      OutControl:     rdata_d = {28'b0, !out_busy_i, !out_busy_i, out_done_q, out_busy_i};
      OutAddressLow:  rdata_d = out_address_q[31:0];
      OutAddressHigh: rdata_d = out_address_q[63:32];
      OutFrames:      rdata_d = out_frames_q;
      12'h200:        rdata_d = Identity;
      12'h204:        rdata_d = Version;
      12'h208:        rdata_d = DesignHash;
      12'h20c:        rdata_d = ClockMhz;
      CyclesLow:      rdata_d = cycles_i[31:0];
      12'h214:        rdata_d = cycles_high_q;
      12'h218:        rdata_d = first_output_cycle_i;
      12'h21c:        rdata_d = frames_out_i;
      12'h220:        rdata_d = in_beats_i;
      12'h224:        rdata_d = in_words_i;
      12'h228:        rdata_d = out_words_i;
      12'h22c:        rdata_d = out_beats_i;
      12'h230:        rdata_d = in_stalls_i;
      12'h234:        rdata_d = out_stalls_i;
      Error:          rdata_d = {29'b0, error_q};
      Reset:          rdata_d = {31'b0, resetting_i};
      12'h240:        rdata_d = last_frame_cycle_i;
      12'h244:        rdata_d = first_frame_cycle_i;
      default:        rdata_d = 32'b0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      bvalid_q      <= 1'b0;
      rvalid_q      <= 1'b0;
      in_done_q     <= 1'b0;
      out_done_q    <= 1'b0;
      error_q       <= '0;
      in_address_q  <= '0;
      in_frames_q   <= '0;
      out_address_q <= '0;
      out_frames_q  <= '0;
      cycles_high_q <= '0;
    end else begin
      bvalid_q <= write || (bvalid_q && !s_axi_bready);
      rvalid_q <= read || (rvalid_q && !s_axi_rready);
      if (read && read_offset == CyclesLow) cycles_high_q <= cycles_i[63:32];

      // An event in the cycle of a read is not lost: the read gave the old value.
      in_done_q  <= in_done_i || (in_done_q && !in_start_o && !forget_done_i && !(read && read_offset == InControl));
      out_done_q <= out_done_i
          || (out_done_q && !out_start_o && !forget_done_i && !(read && read_offset == OutControl));
      error_q    <= errors_i | (error_q & ~error_clear);

      if (write) begin
        case (write_offset)
          InAddressLow:   in_address_q[31:0] <= merge(in_address_q[31:0], s_axi_wdata, s_axi_wstrb);
          InAddressHigh:  in_address_q[63:32] <= merge(in_address_q[63:32], s_axi_wdata, s_axi_wstrb);
          InFrames:       in_frames_q <= merge(in_frames_q, s_axi_wdata, s_axi_wstrb);
          OutAddressLow:  out_address_q[31:0] <= merge(out_address_q[31:0], s_axi_wdata, s_axi_wstrb);
          OutAddressHigh: out_address_q[63:32] <= merge(out_address_q[63:32], s_axi_wdata, s_axi_wstrb);
          OutFrames:      out_frames_q <= merge(out_frames_q, s_axi_wdata, s_axi_wstrb);
          default:        ;
        endcase
      end
    end
    if (read) rdata_q <= rdata_d;
  end

endmodule
