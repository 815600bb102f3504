// SPDX-License-Identifier: BSD-3-Clause
// The CRC-32 of Ethernet and zlib, one byte further: polynomial 0x04C11DB7, lowest bit first. No register.
//
// Begin with all ones; the CRC of a message is the complement of what comes out. After a message and its CRC, lowest
// byte first, 0xDEBB20E3 comes out.
module crc32 (
    input  logic [31:0] crc_i,
    input  logic [7:0]  byte_i,
    output logic [31:0] crc_o
);

  localparam logic [31:0] Polynomial = 32'hEDB8_8320;  // reflected

  always_comb begin
    crc_o = crc_i ^ {24'b0, byte_i};
    for (int unsigned i = 0; i < 8; i++) crc_o = {1'b0, crc_o[31:1]} ^ (crc_o[0] ? Polynomial : 32'b0);
  end

endmodule
