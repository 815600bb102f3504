// SPDX-License-Identifier: BSD-3-Clause
// Receives bytes from an asynchronous serial line: 8 data bits, lowest first, no parity, 1 stop bit.
//
// The line passes two registers, because it changes at any time. A start bit must still be there in its middle; a byte
// whose stop bit is missing is dropped, and nothing is received until the line has been high again. Bits are taken in
// their middle, so the sender's clock may be off by 4 % and more. Nobody can hold a byte back: `valid_o` is a pulse.
module uart_receiver #(
    parameter int unsigned ClocksPerBit = 25
) (
    input  logic       clk_i,
    input  logic       rst_ni,
    input  logic       line_i,
    output logic [7:0] data_o,
    output logic       valid_o
);
  if (ClocksPerBit < 4) begin : gen_check
    $error("uart_receiver: ClocksPerBit is %0d, expected at least 4", ClocksPerBit);
  end

  localparam int unsigned CountBits = $clog2(ClocksPerBit);
  localparam logic [CountBits-1:0] Whole = CountBits'(ClocksPerBit - 1);
  localparam logic [CountBits-1:0] Half = CountBits'(ClocksPerBit / 2 - 1);

  typedef enum logic [2:0] {
    High,  // waits for a line that is high
    Idle,  // waits for a start bit
    Start,
    Data,
    Stop
  } state_e;

  state_e state_q;
  logic [1:0] line_q;
  logic [CountBits-1:0] count_q;
  logic [2:0] bit_q;
  logic [7:0] data_q;
  logic valid_q, line, now;

  assign line    = line_q[1];
  assign now     = count_q == '0;
  assign data_o  = data_q;
  assign valid_o = valid_q;

  always_ff @(posedge clk_i) begin
    line_q <= {line_q[0], line_i};
    if (state_q == Data && now) data_q <= {line, data_q[7:1]};
    if (!rst_ni) begin
      state_q <= High;
      count_q <= '0;
      bit_q   <= '0;
      valid_q <= 1'b0;
    end else begin
      valid_q <= state_q == Stop && now && line;
      count_q <= now ? Whole : count_q - 1'b1;
      case (state_q)
        Idle: begin
          count_q <= Half;
          if (!line) state_q <= Start;
        end
        Start: begin
          bit_q <= '0;
          if (now) state_q <= line ? Idle : Data;
        end
        Data: begin
          if (now) bit_q <= bit_q + 1'b1;
          if (now && bit_q == 3'd7) state_q <= Stop;
        end
        Stop: if (now) state_q <= line ? Idle : High;
        default: if (line) state_q <= Idle;
      endcase
    end
  end

endmodule
