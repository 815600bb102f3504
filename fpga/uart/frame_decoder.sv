// SPDX-License-Identifier: BSD-3-Clause
// Takes frames out of a stream of bytes, as RFC 1662 puts them there: flags 0x7E between frames, 0x7D before a byte
// that is sent XOR 0x20. Checks each frame's CRC-32.
//
// The content, the CRC's four bytes included, comes out byte by byte as it arrives; `end_o` follows the last byte, and
// `good_o` then says whether the CRC was right and no 0x7D stood before the flag. What stands between two flags is a
// frame, unless it is empty; so is what comes before the first flag. Nobody can hold a byte back.
module frame_decoder (
    input  logic       clk_i,
    input  logic       rst_ni,
    input  logic [7:0] data_i,
    input  logic       valid_i,

    output logic [7:0] data_o,
    output logic       valid_o,
    output logic       end_o,
    output logic       good_o
);

  localparam logic [7:0] Flag = 8'h7E;
  localparam logic [7:0] Escape = 8'h7D;
  localparam logic [31:0] Residue = 32'hDEBB_20E3;

  logic [7:0] data_q, content;
  logic [31:0] crc_q, crc_next;
  logic valid_q, end_q, good_q, escaped_q, some_q;
  logic is_flag, is_escape, is_content;

  assign is_flag    = valid_i && data_i == Flag;
  assign is_escape  = valid_i && data_i == Escape && !escaped_q;
  assign is_content = valid_i && !is_flag && !is_escape;
  assign content    = data_i ^ {2'b0, escaped_q, 5'b0};

  assign data_o  = data_q;
  assign valid_o = valid_q;
  assign end_o   = end_q;
  assign good_o  = good_q;

  crc32 i_crc (
      .crc_i (crc_q),
      .byte_i(content),
      .crc_o (crc_next)
  );

  always_ff @(posedge clk_i) begin
    data_q <= content;
    good_q <= crc_q == Residue && !escaped_q;
    if (!rst_ni) begin
      valid_q   <= 1'b0;
      end_q     <= 1'b0;
      escaped_q <= 1'b0;
      some_q    <= 1'b0;
      crc_q     <= '1;
    end else begin
      valid_q <= is_content;
      end_q   <= is_flag && some_q;
      if (valid_i) begin
        escaped_q <= is_escape;
        some_q    <= !is_flag;
      end
      if (is_flag) crc_q <= '1;
      else if (is_content) crc_q <= crc_next;
    end
  end

endmodule
