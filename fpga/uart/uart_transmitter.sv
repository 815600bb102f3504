// SPDX-License-Identifier: BSD-3-Clause
// Sends bytes on an asynchronous serial line: 8 data bits, lowest first, no parity, 1 stop bit; the line idles high.
//
// `ready_o` is high between bytes; the stop bit before the next byte is then one clock longer.
module uart_transmitter #(
    parameter int unsigned ClocksPerBit = 25
) (
    input  logic       clk_i,
    input  logic       rst_ni,
    input  logic [7:0] data_i,
    input  logic       valid_i,
    output logic       ready_o,
    output logic       line_o
);
  if (ClocksPerBit < 4) begin : gen_check
    $error("uart_transmitter: ClocksPerBit is %0d, expected at least 4", ClocksPerBit);
  end

  localparam int unsigned CountBits = $clog2(ClocksPerBit);
  localparam logic [CountBits-1:0] Whole = CountBits'(ClocksPerBit - 1);

  logic [8:0] shift_q;  // what follows the bit on the line: data bits, the stop bit
  logic [3:0] left_q;  // bits in it
  logic [CountBits-1:0] count_q;
  logic busy_q, line_q;

  assign ready_o = !busy_q;
  assign line_o  = line_q;

  always_ff @(posedge clk_i) begin
    if (!busy_q) shift_q <= {1'b1, data_i};
    else if (count_q == '0) shift_q <= {1'b1, shift_q[8:1]};
    if (!rst_ni) begin
      busy_q  <= 1'b0;
      line_q  <= 1'b1;
      left_q  <= '0;
      count_q <= '0;
    end else if (!busy_q) begin
      busy_q  <= valid_i;
      line_q  <= !valid_i;
      left_q  <= 4'd9;
      count_q <= Whole;
    end else if (count_q != '0) begin
      count_q <= count_q - 1'b1;
    end else begin
      count_q <= Whole;
      left_q  <= left_q - 1'b1;
      line_q  <= shift_q[0];
      busy_q  <= left_q != '0;
    end
  end

endmodule
