// SPDX-License-Identifier: BSD-3-Clause
// Puts frames into a stream of bytes, as RFC 1662 does: a flag 0x7E, the content and its CRC-32, lowest byte first,
// with 0x7D before a byte that is sent XOR 0x20 (0x7E and 0x7D themselves), a flag.
//
// `last_i` marks the content's last byte. `ready_o` depends on `data_i` and on `ready_i`; what goes out is a register.
module frame_encoder (
    input  logic       clk_i,
    input  logic       rst_ni,
    input  logic [7:0] data_i,
    input  logic       last_i,
    input  logic       valid_i,
    output logic       ready_o,

    output logic [7:0] data_o,
    output logic       valid_o,
    input  logic       ready_i
);

  localparam logic [7:0] Flag = 8'h7E;
  localparam logic [7:0] Escape = 8'h7D;

  typedef enum logic [1:0] {
    Open,
    Content,
    Check,  // the CRC's bytes
    Close
  } state_e;

  state_e state_q;
  logic [7:0] data_q, content;
  logic [31:0] crc_q, crc_next;
  logic [1:0] index_q;
  logic valid_q, escaped_q, free, special, there, step;

  assign data_o  = data_q;
  assign valid_o = valid_q;
  assign free    = !valid_q || ready_i;

  assign content = state_q == Check ? ~crc_q[7:0] : data_i;
  assign special = (content == Flag || content == Escape) && !escaped_q;
  assign there   = state_q == Check || (state_q == Content && valid_i);
  assign step    = free && there && !special;
  assign ready_o = step && state_q == Content;

  crc32 i_crc (
      .crc_i (crc_q),
      .byte_i(data_i),
      .crc_o (crc_next)
  );

  always_ff @(posedge clk_i) begin
    if (free) begin
      if (!there) data_q <= Flag;
      else if (special) data_q <= Escape;
      else data_q <= content ^ {2'b0, escaped_q, 5'b0};
    end
    if (!rst_ni) begin
      state_q   <= Open;
      valid_q   <= 1'b0;
      escaped_q <= 1'b0;
      index_q   <= '0;
      crc_q     <= '1;
    end else if (free) begin
      valid_q   <= there || state_q == Close || (state_q == Open && valid_i);
      escaped_q <= there && special;
      case (state_q)
        Open: begin
          crc_q   <= '1;
          index_q <= '0;
          if (valid_i) state_q <= Content;
        end
        Content: begin
          if (step) crc_q <= crc_next;
          if (step && last_i) state_q <= Check;
        end
        Check: begin
          if (step) begin
            crc_q   <= {8'b0, crc_q[31:8]};
            index_q <= index_q + 1'b1;
          end
          if (step && index_q == 2'd3) state_q <= Close;
        end
        default: state_q <= Open;
      endcase
    end
  end

endmodule
