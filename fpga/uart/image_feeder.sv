// SPDX-License-Identifier: BSD-3-Clause
// Streams an image from image_slots.sv `repeat_i` times, a word a cycle and without a gap between repetitions.
//
// The memory's output register is the stream's. `busy_o` is high from the cycle after `start_i` until the last word has
// been taken; `clear_i` ends it at once.
module image_feeder #(
    parameter int unsigned AddressBits = 7
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic                   clear_i,
    input  logic                   start_i,
    input  logic [15:0]            repeat_i,
    input  logic [AddressBits-1:0] first_i,
    input  logic [AddressBits-1:0] last_i,
    output logic                   busy_o,

    output logic                   read_o,
    output logic [AddressBits-1:0] read_address_o,
    output logic                   valid_o,  // the word that the memory gives
    input  logic                   ready_i
);

  logic [15:0] left_q;  // images not yet read to their end
  logic [AddressBits-1:0] address_q;
  logic valid_q, some_q, load, at_last;

  assign load           = !valid_q || ready_i;
  assign at_last        = address_q == last_i;
  assign read_o         = load && some_q;
  assign read_address_o = address_q;
  assign valid_o        = valid_q;
  assign busy_o         = some_q || valid_q;

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      address_q <= first_i;
      left_q    <= repeat_i;
    end else if (read_o) begin
      address_q <= at_last ? first_i : address_q + 1'b1;
      left_q    <= left_q - 16'(at_last);
    end
    if (!rst_ni || clear_i) begin
      some_q  <= 1'b0;
      valid_q <= 1'b0;
    end else begin
      if (start_i) some_q <= 1'b1;
      else if (read_o && at_last && left_q == 16'd1) some_q <= 1'b0;
      if (load) valid_q <= some_q;
    end
  end

endmodule
