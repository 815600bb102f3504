// SPDX-License-Identifier: BSD-3-Clause
//
// Simulation models of the 7-series block RAMs (UG473), for the ways in which Yosys' synth_xilinx uses them: both ports
// of any width, all three write modes, initial contents. No output registers, no cascades, no error correction.

// The memory itself. Addresses count bits of data; a byte has a parity bit, which widths from 9 on read and write.
module block_ram #(
    parameter integer Bytes = 2048,
    parameter integer ReadA = 0,
    parameter integer ReadB = 0,
    parameter integer WriteA = 0,
    parameter integer WriteB = 0,
    parameter ModeA = "WRITE_FIRST",
    parameter ModeB = "WRITE_FIRST",
    parameter [71:0] StartA = 0,
    parameter [71:0] StartB = 0,
    parameter [71:0] ResetA = 0,
    parameter [71:0] ResetB = 0,
    parameter [Bytes*8-1:0] Init = 0,
    parameter [Bytes-1:0] InitParity = 0
) (
    input clk_a, clk_b, en_a, en_b, rst_a, rst_b,
    input [15:0] addr_a, addr_b,
    input [63:0] di_a, di_b,
    input [7:0] dip_a, dip_b,
    input [7:0] we_a, we_b,
    output [63:0] do_a, do_b,
    output [7:0] dop_a, dop_b
);
  localparam integer IndexBits = $clog2(Bytes);

  reg [8:0] memory[0:Bytes-1];
  reg [71:0] q_a, q_b;  // {parity, data}
  integer i;

  assign {dop_a, do_a} = q_a;
  assign {dop_b, do_b} = q_b;

  initial begin
    for (i = 0; i < Bytes; i = i + 1) memory[i] = {InitParity[i], Init[i*8+:8]};
    q_a = spread(ReadA, StartA);
    q_b = spread(ReadB, StartB);
  end

  // A value of `width` bits as the cells' parameters hold it, parity above the data.
  function [71:0] spread(input integer width, input [71:0] value);
    integer lanes;
    begin
      lanes = width / 9;
      spread = 72'd0;
      if (width < 9) spread[63:0] = value[63:0];
      else begin
        spread[63:0] = value[63:0] & ~(64'hFFFFFFFFFFFFFFFF << (lanes * 8 > 63 ? 63 : lanes * 8));
        spread[71:64] = value >> (lanes * 8);
      end
    end
  endfunction

  function [71:0] fetch(input integer width, input [15:0] address);
    integer k;
    reg [15:0] first;
    begin
      fetch = 72'd0;
      if (width >= 9) begin
        first = (address >> 3) & ~(width / 9 - 1);
        for (k = 0; k < width / 9; k = k + 1)
          {fetch[64+k], fetch[k*8+:8]} = memory[IndexBits'(first + k)];
      end else if (width > 0)
        fetch[7:0] = (memory[IndexBits'(address>>3)][7:0] >> (address[2:0] & ~3'(width - 1))) & ((1 << width) - 1);
    end
  endfunction

  // What the addressed byte `k` of a write becomes.
  function [8:0] changed(input integer width, input integer k, input [15:0] address, input [63:0] data,
                         input [7:0] parity, input [8:0] old);
    reg [7:0] mask;
    begin
      if (width >= 9) changed = {parity[k], data[k*8+:8]};
      else begin
        mask = 8'((1 << width) - 1) << (address[2:0] & ~3'(width - 1));
        changed = {old[8], (old[7:0] & ~mask) | ((data[7:0] << (address[2:0] & ~3'(width - 1))) & mask)};
      end
    end
  endfunction

  // Port A.
  localparam integer LanesA = WriteA >= 9 ? WriteA / 9 : WriteA > 0 ? 1 : 0;
  wire [15:0] first_a = (addr_a >> 3) & ~16'(LanesA > 0 ? LanesA - 1 : 0);
  wire writes_a = LanesA > 0 && |(we_a & ((9'd1 << LanesA) - 1));

  always @(posedge clk_a) begin : port_a
    integer k;
    reg [71:0] next;
    if (en_a) begin
      next = fetch(ReadA, addr_a);
      for (k = 0; k < LanesA; k = k + 1)
        if (we_a[k])
          memory[IndexBits'(first_a+k)] <= changed(WriteA, k, addr_a, di_a, dip_a, memory[IndexBits'(first_a+k)]);
      // Write first: the word as written. Widths of the two sides are equal where a port does both.
      if (writes_a && ModeA == "WRITE_FIRST" && ReadA == WriteA) begin
        if (WriteA < 9) next[63:0] = di_a & ((64'd1 << WriteA) - 1);
        else
          for (k = 0; k < LanesA; k = k + 1) if (we_a[k]) {next[64+k], next[k*8+:8]} = {dip_a[k], di_a[k*8+:8]};
      end
      if (rst_a) q_a <= spread(ReadA, ResetA);
      else if (!(writes_a && ModeA == "NO_CHANGE")) q_a <= next;
    end
  end

  // Port B.
  localparam integer LanesB = WriteB >= 9 ? WriteB / 9 : WriteB > 0 ? 1 : 0;
  wire [15:0] first_b = (addr_b >> 3) & ~16'(LanesB > 0 ? LanesB - 1 : 0);
  wire writes_b = LanesB > 0 && |(we_b & ((9'd1 << LanesB) - 1));

  always @(posedge clk_b) begin : port_b
    integer k;
    reg [71:0] next;
    if (en_b) begin
      next = fetch(ReadB, addr_b);
      for (k = 0; k < LanesB; k = k + 1)
        if (we_b[k])
          memory[IndexBits'(first_b+k)] <= changed(WriteB, k, addr_b, di_b, dip_b, memory[IndexBits'(first_b+k)]);
      // Write first: the word as written. Widths of the two sides are equal where a port does both.
      if (writes_b && ModeB == "WRITE_FIRST" && ReadB == WriteB) begin
        if (WriteB < 9) next[63:0] = di_b & ((64'd1 << WriteB) - 1);
        else
          for (k = 0; k < LanesB; k = k + 1) if (we_b[k]) {next[64+k], next[k*8+:8]} = {dip_b[k], di_b[k*8+:8]};
      end
      if (rst_b) q_b <= spread(ReadB, ResetB);
      else if (!(writes_b && ModeB == "NO_CHANGE")) q_b <= next;
    end
  end
endmodule

module RAMB18E1 #(
    parameter [255:0] INIT_00 = 0,
    parameter [255:0] INIT_01 = 0,
    parameter [255:0] INIT_02 = 0,
    parameter [255:0] INIT_03 = 0,
    parameter [255:0] INIT_04 = 0,
    parameter [255:0] INIT_05 = 0,
    parameter [255:0] INIT_06 = 0,
    parameter [255:0] INIT_07 = 0,
    parameter [255:0] INIT_08 = 0,
    parameter [255:0] INIT_09 = 0,
    parameter [255:0] INIT_0A = 0,
    parameter [255:0] INIT_0B = 0,
    parameter [255:0] INIT_0C = 0,
    parameter [255:0] INIT_0D = 0,
    parameter [255:0] INIT_0E = 0,
    parameter [255:0] INIT_0F = 0,
    parameter [255:0] INIT_10 = 0,
    parameter [255:0] INIT_11 = 0,
    parameter [255:0] INIT_12 = 0,
    parameter [255:0] INIT_13 = 0,
    parameter [255:0] INIT_14 = 0,
    parameter [255:0] INIT_15 = 0,
    parameter [255:0] INIT_16 = 0,
    parameter [255:0] INIT_17 = 0,
    parameter [255:0] INIT_18 = 0,
    parameter [255:0] INIT_19 = 0,
    parameter [255:0] INIT_1A = 0,
    parameter [255:0] INIT_1B = 0,
    parameter [255:0] INIT_1C = 0,
    parameter [255:0] INIT_1D = 0,
    parameter [255:0] INIT_1E = 0,
    parameter [255:0] INIT_1F = 0,
    parameter [255:0] INIT_20 = 0,
    parameter [255:0] INIT_21 = 0,
    parameter [255:0] INIT_22 = 0,
    parameter [255:0] INIT_23 = 0,
    parameter [255:0] INIT_24 = 0,
    parameter [255:0] INIT_25 = 0,
    parameter [255:0] INIT_26 = 0,
    parameter [255:0] INIT_27 = 0,
    parameter [255:0] INIT_28 = 0,
    parameter [255:0] INIT_29 = 0,
    parameter [255:0] INIT_2A = 0,
    parameter [255:0] INIT_2B = 0,
    parameter [255:0] INIT_2C = 0,
    parameter [255:0] INIT_2D = 0,
    parameter [255:0] INIT_2E = 0,
    parameter [255:0] INIT_2F = 0,
    parameter [255:0] INIT_30 = 0,
    parameter [255:0] INIT_31 = 0,
    parameter [255:0] INIT_32 = 0,
    parameter [255:0] INIT_33 = 0,
    parameter [255:0] INIT_34 = 0,
    parameter [255:0] INIT_35 = 0,
    parameter [255:0] INIT_36 = 0,
    parameter [255:0] INIT_37 = 0,
    parameter [255:0] INIT_38 = 0,
    parameter [255:0] INIT_39 = 0,
    parameter [255:0] INIT_3A = 0,
    parameter [255:0] INIT_3B = 0,
    parameter [255:0] INIT_3C = 0,
    parameter [255:0] INIT_3D = 0,
    parameter [255:0] INIT_3E = 0,
    parameter [255:0] INIT_3F = 0,
    parameter [255:0] INITP_00 = 0,
    parameter [255:0] INITP_01 = 0,
    parameter [255:0] INITP_02 = 0,
    parameter [255:0] INITP_03 = 0,
    parameter [255:0] INITP_04 = 0,
    parameter [255:0] INITP_05 = 0,
    parameter [255:0] INITP_06 = 0,
    parameter [255:0] INITP_07 = 0,
    parameter integer DOA_REG = 0,
    parameter integer DOB_REG = 0,
    parameter integer READ_WIDTH_A = 0,
    parameter integer READ_WIDTH_B = 0,
    parameter integer WRITE_WIDTH_A = 0,
    parameter integer WRITE_WIDTH_B = 0,
    parameter [71:0] INIT_A = 0,
    parameter [71:0] INIT_B = 0,
    parameter [71:0] SRVAL_A = 0,
    parameter [71:0] SRVAL_B = 0,
    parameter RAM_MODE = "TDP",
    parameter WRITE_MODE_A = "WRITE_FIRST",
    parameter WRITE_MODE_B = "WRITE_FIRST"
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input [13:0] ADDRARDADDR, ADDRBWRADDR,
    input [15:0] DIADI, DIBDI,
    input [1:0] DIPADIP, DIPBDIP,
    input [1:0] WEA,
    input [3:0] WEBWE,
    output [15:0] DOADO, DOBDO,
    output [1:0] DOPADOP, DOPBDOP
);
  if (DOA_REG != 0 || DOB_REG != 0) $error("%m: output registers have no model");

  wire [63:0] do_a, do_b;
  wire [7:0] dop_a, dop_b;
  // A port of the full width uses the data lines of both.
  wire [63:0] di_b = WRITE_WIDTH_B == 36 ? {DIBDI, DIADI} : DIBDI;
  wire [7:0] dip_b = WRITE_WIDTH_B == 36 ? {DIPBDIP, DIPADIP} : DIPBDIP;
  assign DOADO = do_a[15:0];
  assign DOPADOP = dop_a[1:0];
  assign DOBDO = READ_WIDTH_A == 36 ? do_a[31:16] : do_b[15:0];
  assign DOPBDOP = READ_WIDTH_A == 36 ? dop_a[3:2] : dop_b[1:0];

  block_ram #(
      .Bytes(2048),
      .ReadA(READ_WIDTH_A),
      .ReadB(READ_WIDTH_B),
      .WriteA(WRITE_WIDTH_A),
      .WriteB(WRITE_WIDTH_B),
      .ModeA(WRITE_MODE_A),
      .ModeB(WRITE_MODE_B),
      .StartA(INIT_A),
      .StartB(INIT_B),
      .ResetA(SRVAL_A),
      .ResetB(SRVAL_B),
      .Init({
        INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
        INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
        INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
        INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
        INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
        INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
        INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
        INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
      }),
      .InitParity({
        INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
      })
  ) i_ram (
      .clk_a(CLKARDCLK),
      .clk_b(CLKBWRCLK),
      .en_a(ENARDEN),
      .en_b(ENBWREN),
      .rst_a(RSTRAMARSTRAM),
      .rst_b(RSTRAMB),
      .addr_a({2'b0, ADDRARDADDR}),
      .addr_b({2'b0, ADDRBWRADDR}),
      .di_a(DIADI),
      .di_b(di_b),
      .dip_a(DIPADIP),
      .dip_b(dip_b),
      .we_a(WEA),
      .we_b(WEBWE),
      .do_a(do_a),
      .do_b(do_b),
      .dop_a(dop_a),
      .dop_b(dop_b)
  );
endmodule

module RAMB36E1 #(
    parameter [255:0] INIT_00 = 0,
    parameter [255:0] INIT_01 = 0,
    parameter [255:0] INIT_02 = 0,
    parameter [255:0] INIT_03 = 0,
    parameter [255:0] INIT_04 = 0,
    parameter [255:0] INIT_05 = 0,
    parameter [255:0] INIT_06 = 0,
    parameter [255:0] INIT_07 = 0,
    parameter [255:0] INIT_08 = 0,
    parameter [255:0] INIT_09 = 0,
    parameter [255:0] INIT_0A = 0,
    parameter [255:0] INIT_0B = 0,
    parameter [255:0] INIT_0C = 0,
    parameter [255:0] INIT_0D = 0,
    parameter [255:0] INIT_0E = 0,
    parameter [255:0] INIT_0F = 0,
    parameter [255:0] INIT_10 = 0,
    parameter [255:0] INIT_11 = 0,
    parameter [255:0] INIT_12 = 0,
    parameter [255:0] INIT_13 = 0,
    parameter [255:0] INIT_14 = 0,
    parameter [255:0] INIT_15 = 0,
    parameter [255:0] INIT_16 = 0,
    parameter [255:0] INIT_17 = 0,
    parameter [255:0] INIT_18 = 0,
    parameter [255:0] INIT_19 = 0,
    parameter [255:0] INIT_1A = 0,
    parameter [255:0] INIT_1B = 0,
    parameter [255:0] INIT_1C = 0,
    parameter [255:0] INIT_1D = 0,
    parameter [255:0] INIT_1E = 0,
    parameter [255:0] INIT_1F = 0,
    parameter [255:0] INIT_20 = 0,
    parameter [255:0] INIT_21 = 0,
    parameter [255:0] INIT_22 = 0,
    parameter [255:0] INIT_23 = 0,
    parameter [255:0] INIT_24 = 0,
    parameter [255:0] INIT_25 = 0,
    parameter [255:0] INIT_26 = 0,
    parameter [255:0] INIT_27 = 0,
    parameter [255:0] INIT_28 = 0,
    parameter [255:0] INIT_29 = 0,
    parameter [255:0] INIT_2A = 0,
    parameter [255:0] INIT_2B = 0,
    parameter [255:0] INIT_2C = 0,
    parameter [255:0] INIT_2D = 0,
    parameter [255:0] INIT_2E = 0,
    parameter [255:0] INIT_2F = 0,
    parameter [255:0] INIT_30 = 0,
    parameter [255:0] INIT_31 = 0,
    parameter [255:0] INIT_32 = 0,
    parameter [255:0] INIT_33 = 0,
    parameter [255:0] INIT_34 = 0,
    parameter [255:0] INIT_35 = 0,
    parameter [255:0] INIT_36 = 0,
    parameter [255:0] INIT_37 = 0,
    parameter [255:0] INIT_38 = 0,
    parameter [255:0] INIT_39 = 0,
    parameter [255:0] INIT_3A = 0,
    parameter [255:0] INIT_3B = 0,
    parameter [255:0] INIT_3C = 0,
    parameter [255:0] INIT_3D = 0,
    parameter [255:0] INIT_3E = 0,
    parameter [255:0] INIT_3F = 0,
    parameter [255:0] INIT_40 = 0,
    parameter [255:0] INIT_41 = 0,
    parameter [255:0] INIT_42 = 0,
    parameter [255:0] INIT_43 = 0,
    parameter [255:0] INIT_44 = 0,
    parameter [255:0] INIT_45 = 0,
    parameter [255:0] INIT_46 = 0,
    parameter [255:0] INIT_47 = 0,
    parameter [255:0] INIT_48 = 0,
    parameter [255:0] INIT_49 = 0,
    parameter [255:0] INIT_4A = 0,
    parameter [255:0] INIT_4B = 0,
    parameter [255:0] INIT_4C = 0,
    parameter [255:0] INIT_4D = 0,
    parameter [255:0] INIT_4E = 0,
    parameter [255:0] INIT_4F = 0,
    parameter [255:0] INIT_50 = 0,
    parameter [255:0] INIT_51 = 0,
    parameter [255:0] INIT_52 = 0,
    parameter [255:0] INIT_53 = 0,
    parameter [255:0] INIT_54 = 0,
    parameter [255:0] INIT_55 = 0,
    parameter [255:0] INIT_56 = 0,
    parameter [255:0] INIT_57 = 0,
    parameter [255:0] INIT_58 = 0,
    parameter [255:0] INIT_59 = 0,
    parameter [255:0] INIT_5A = 0,
    parameter [255:0] INIT_5B = 0,
    parameter [255:0] INIT_5C = 0,
    parameter [255:0] INIT_5D = 0,
    parameter [255:0] INIT_5E = 0,
    parameter [255:0] INIT_5F = 0,
    parameter [255:0] INIT_60 = 0,
    parameter [255:0] INIT_61 = 0,
    parameter [255:0] INIT_62 = 0,
    parameter [255:0] INIT_63 = 0,
    parameter [255:0] INIT_64 = 0,
    parameter [255:0] INIT_65 = 0,
    parameter [255:0] INIT_66 = 0,
    parameter [255:0] INIT_67 = 0,
    parameter [255:0] INIT_68 = 0,
    parameter [255:0] INIT_69 = 0,
    parameter [255:0] INIT_6A = 0,
    parameter [255:0] INIT_6B = 0,
    parameter [255:0] INIT_6C = 0,
    parameter [255:0] INIT_6D = 0,
    parameter [255:0] INIT_6E = 0,
    parameter [255:0] INIT_6F = 0,
    parameter [255:0] INIT_70 = 0,
    parameter [255:0] INIT_71 = 0,
    parameter [255:0] INIT_72 = 0,
    parameter [255:0] INIT_73 = 0,
    parameter [255:0] INIT_74 = 0,
    parameter [255:0] INIT_75 = 0,
    parameter [255:0] INIT_76 = 0,
    parameter [255:0] INIT_77 = 0,
    parameter [255:0] INIT_78 = 0,
    parameter [255:0] INIT_79 = 0,
    parameter [255:0] INIT_7A = 0,
    parameter [255:0] INIT_7B = 0,
    parameter [255:0] INIT_7C = 0,
    parameter [255:0] INIT_7D = 0,
    parameter [255:0] INIT_7E = 0,
    parameter [255:0] INIT_7F = 0,
    parameter [255:0] INITP_00 = 0,
    parameter [255:0] INITP_01 = 0,
    parameter [255:0] INITP_02 = 0,
    parameter [255:0] INITP_03 = 0,
    parameter [255:0] INITP_04 = 0,
    parameter [255:0] INITP_05 = 0,
    parameter [255:0] INITP_06 = 0,
    parameter [255:0] INITP_07 = 0,
    parameter [255:0] INITP_08 = 0,
    parameter [255:0] INITP_09 = 0,
    parameter [255:0] INITP_0A = 0,
    parameter [255:0] INITP_0B = 0,
    parameter [255:0] INITP_0C = 0,
    parameter [255:0] INITP_0D = 0,
    parameter [255:0] INITP_0E = 0,
    parameter [255:0] INITP_0F = 0,
    parameter integer DOA_REG = 0,
    parameter integer DOB_REG = 0,
    parameter integer READ_WIDTH_A = 0,
    parameter integer READ_WIDTH_B = 0,
    parameter integer WRITE_WIDTH_A = 0,
    parameter integer WRITE_WIDTH_B = 0,
    parameter [71:0] INIT_A = 0,
    parameter [71:0] INIT_B = 0,
    parameter [71:0] SRVAL_A = 0,
    parameter [71:0] SRVAL_B = 0,
    parameter RAM_EXTENSION_A = "NONE",
    parameter RAM_EXTENSION_B = "NONE",
    parameter RAM_MODE = "TDP",
    parameter WRITE_MODE_A = "WRITE_FIRST",
    parameter WRITE_MODE_B = "WRITE_FIRST"
) (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input [15:0] ADDRARDADDR, ADDRBWRADDR,
    input [31:0] DIADI, DIBDI,
    input [3:0] DIPADIP, DIPBDIP,
    input [3:0] WEA,
    input [7:0] WEBWE,
    output [31:0] DOADO, DOBDO,
    output [3:0] DOPADOP, DOPBDOP
);
  if (DOA_REG != 0 || DOB_REG != 0) $error("%m: output registers have no model");
  if (RAM_EXTENSION_A != "NONE" || RAM_EXTENSION_B != "NONE") $error("%m: cascades have no model");

  wire [63:0] do_a, do_b;
  wire [7:0] dop_a, dop_b;
  // A port of the full width uses the data lines of both.
  wire [63:0] di_b = WRITE_WIDTH_B == 72 ? {DIBDI, DIADI} : DIBDI;
  wire [7:0] dip_b = WRITE_WIDTH_B == 72 ? {DIPBDIP, DIPADIP} : DIPBDIP;
  assign DOADO = do_a[31:0];
  assign DOPADOP = dop_a[3:0];
  assign DOBDO = READ_WIDTH_A == 72 ? do_a[63:32] : do_b[31:0];
  assign DOPBDOP = READ_WIDTH_A == 72 ? dop_a[7:4] : dop_b[3:0];

  block_ram #(
      .Bytes(4096),
      .ReadA(READ_WIDTH_A),
      .ReadB(READ_WIDTH_B),
      .WriteA(WRITE_WIDTH_A),
      .WriteB(WRITE_WIDTH_B),
      .ModeA(WRITE_MODE_A),
      .ModeB(WRITE_MODE_B),
      .StartA(INIT_A),
      .StartB(INIT_B),
      .ResetA(SRVAL_A),
      .ResetB(SRVAL_B),
      .Init({
        INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78,
        INIT_77, INIT_76, INIT_75, INIT_74, INIT_73, INIT_72, INIT_71, INIT_70,
        INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68,
        INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60,
        INIT_5F, INIT_5E, INIT_5D, INIT_5C, INIT_5B, INIT_5A, INIT_59, INIT_58,
        INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51, INIT_50,
        INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48,
        INIT_47, INIT_46, INIT_45, INIT_44, INIT_43, INIT_42, INIT_41, INIT_40,
        INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
        INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
        INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
        INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
        INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
        INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
        INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
        INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
      }),
      .InitParity({
        INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08,
        INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
      })
  ) i_ram (
      .clk_a(CLKARDCLK),
      .clk_b(CLKBWRCLK),
      .en_a(ENARDEN),
      .en_b(ENBWREN),
      .rst_a(RSTRAMARSTRAM),
      .rst_b(RSTRAMB),
      .addr_a({1'b0, ADDRARDADDR[14:0]}),
      .addr_b({1'b0, ADDRBWRADDR[14:0]}),
      .di_a(DIADI),
      .di_b(di_b),
      .dip_a(DIPADIP),
      .dip_b(dip_b),
      .we_a(WEA),
      .we_b(WEBWE),
      .do_a(do_a),
      .do_b(do_b),
      .dop_a(dop_a),
      .dop_b(dop_b)
  );
endmodule
