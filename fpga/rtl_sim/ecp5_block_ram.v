// SPDX-License-Identifier: BSD-3-Clause
//
// Simulation model of the ECP5's block RAM (TN1264 of its makers), for the ways in which Yosys' synth_ecp5 uses it: true
// dual port of up to 18 bits, or 36 bits with writes through port A and reads through port B, whose lower half then comes
// out of port A's pins. No output registers, no chip selects; resets act at the clock.
//
// A word of 18 bits is two bytes of nine, the ninth bit on top: `block_ram` counts like that, too.
module DP16KD #(
    parameter integer DATA_WIDTH_A = 18, DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "ENABLED",
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL",
    parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB",
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0,
    parameter [319:0] INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0,
    parameter [319:0] INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0,
    parameter [319:0] INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0,
    parameter [319:0] INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
    parameter [319:0] INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0,
    parameter [319:0] INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0,
    parameter [319:0] INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0,
    parameter [319:0] INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0,
    parameter [319:0] INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
    parameter [319:0] INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0,
    parameter [319:0] INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0,
    parameter [319:0] INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0,
    parameter [319:0] INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0,
    parameter [319:0] INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
    parameter [319:0] INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
    input CLKA, CEA, OCEA, WEA, RSTA, CSA2, CSA1, CSA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    input DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    output DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
    input CLKB, CEB, OCEB, WEB, RSTB, CSB2, CSB1, CSB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    input DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    output DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
  localparam integer Wide = DATA_WIDTH_A == 36 || DATA_WIDTH_B == 36;
  localparam ModeA = WRITEMODE_A == "NORMAL" ? "NO_CHANGE" : WRITEMODE_A == "WRITETHROUGH" ? "WRITE_FIRST" : "READ_FIRST";
  localparam ModeB = WRITEMODE_B == "NORMAL" ? "NO_CHANGE" : WRITEMODE_B == "WRITETHROUGH" ? "WRITE_FIRST" : "READ_FIRST";
  localparam [20479:0] Contents = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C,
    INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
    INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34,
    INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
    INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C,
    INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
    INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
    INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
    INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
    INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
    INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14,
    INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
    INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C,
    INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
    INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04,
    INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
  };

  // Every 20 bits of the parameters hold a word of 18.
  function [16383:0] data_of(input [20479:0] value);
    integer i;
    for (i = 0; i < 2048; i = i + 1) data_of[i*8+:8] = value[(i>>1)*20+(i&1)*9+:8];
  endfunction

  function [2047:0] ninths_of(input [20479:0] value);
    integer i;
    for (i = 0; i < 2048; i = i + 1) ninths_of[i] = value[(i>>1)*20+(i&1)*9+8];
  endfunction

  wire [17:0] dia = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                     DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
  wire [17:0] dib = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                     DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
  wire [35:0] di_a = Wide ? {dib, dia} : {18'd0, dia};
  wire [35:0] do_a, do_b;
  wire [63:0] data_a, data_b;
  wire [7:0] ninths_a, ninths_b;

  // From 18 bits on, the lowest address pins are enables of the bytes.
  wire [3:0] we_a = {4{WEA}} & (DATA_WIDTH_A == 36 ? {ADA3, ADA2, ADA1, ADA0} : DATA_WIDTH_A == 18 ? {2'd0, ADA1, ADA0} : 4'd1);
  wire [3:0] we_b = {4{WEB}} & (DATA_WIDTH_B == 18 ? {2'd0, ADB1, ADB0} : 4'd1);

  assign do_a = {ninths_a[3], data_a[31:24], ninths_a[2], data_a[23:16], ninths_a[1], data_a[15:8], ninths_a[0], data_a[7:0]};
  assign do_b = {ninths_b[3], data_b[31:24], ninths_b[2], data_b[23:16], ninths_b[1], data_b[15:8], ninths_b[0], data_b[7:0]};
  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
          DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = DATA_WIDTH_B == 36 ? do_b[17:0] : do_a[17:0];
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
          DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = DATA_WIDTH_B == 36 ? do_b[35:18] : do_b[17:0];

  block_ram #(
      .Bytes     (2048),
      .ReadA     (DATA_WIDTH_A == 36 ? 0 : DATA_WIDTH_A),
      .WriteA    (DATA_WIDTH_A),
      .ReadB     (DATA_WIDTH_B),
      .WriteB    (DATA_WIDTH_B == 36 ? 0 : DATA_WIDTH_B),
      .ModeA     (ModeA),
      .ModeB     (ModeB),
      .Init      (data_of(Contents)),
      .InitParity(ninths_of(Contents))
  ) i_memory (
      .clk_a (CLKAMUX == "INV" ? ~CLKA : CLKA),
      .clk_b (CLKBMUX == "INV" ? ~CLKB : CLKB),
      .en_a  (CEA),
      .en_b  (CEB),
      .rst_a (RSTA),
      .rst_b (RSTB),
      .addr_a({2'd0, ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0}),
      .addr_b({2'd0, ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0}),
      .di_a  ({32'd0, di_a[34:27], di_a[25:18], di_a[16:9], di_a[7:0]}),
      .di_b  ({48'd0, dib[16:9], dib[7:0]}),
      .dip_a ({4'd0, di_a[35], di_a[26], di_a[17], di_a[8]}),
      .dip_b ({6'd0, dib[17], dib[8]}),
      .we_a  ({4'd0, we_a}),
      .we_b  ({4'd0, we_b}),
      .do_a  (data_a),
      .do_b  (data_b),
      .dop_a (ninths_a),
      .dop_b (ninths_b)
  );
endmodule
