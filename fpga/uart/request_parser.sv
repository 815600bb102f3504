// SPDX-License-Identifier: BSD-3-Clause
// Understands the requests of docs/serial.md, byte by byte as frame_decoder.sv gives them.
//
// An image's bytes become words and go to the slot that is being filled, as long as one was free when the image began;
// `accept_o` says at the frame's end that it was an 'R' and right, and gives its sequence number and repeat count.
// Everything else is answered at once: `answer_o` is 0 for identify, 1 to 6 for an error, 7 for a reset that was done
// (`reset_o`). A frame is judged in this order: damaged (1), kind (3), length (2), repeat (6), slot (4).
module request_parser #(
    parameter int unsigned WordBytes = 1,
    parameter int unsigned ImageBytes = 64
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic [7:0]             data_i,
    input  logic                   valid_i,
    input  logic                   end_i,
    input  logic                   good_i,

    input  logic                   slot_free_i,
    output logic                   begin_o,       // the next word is an image's first
    output logic [WordBytes*8-1:0] word_o,
    output logic                   word_valid_o,
    output logic                   accept_o,
    output logic [7:0]             sequence_o,
    output logic [15:0]            repeat_o,

    output logic                   reset_o,
    output logic                   answer_valid_o,
    output logic [2:0]             answer_o,
    output logic [7:0]             answer_sequence_o
);

  localparam logic [7:0] Identify = "I";
  localparam logic [7:0] Run = "R";
  localparam logic [7:0] Reset = "X";
  localparam int unsigned ShortBytes = 6;  // of a frame without payload: kind, sequence number, CRC
  localparam int unsigned RunBytes = ShortBytes + 2 + ImageBytes;
  localparam int unsigned CountBits = $clog2(RunBytes + 2);

  // Bytes of this frame so far; one more than a run has stands for any number above.
  logic [CountBits-1:0] count_q;
  logic [7:0] kind_q, sequence_q;
  logic [15:0] repeat_q;
  logic storing_q, in_image;

  assign in_image   = valid_i && count_q >= CountBits'(4);
  assign begin_o    = valid_i && count_q == CountBits'(3);
  assign sequence_o = sequence_q;
  assign repeat_o   = repeat_q;

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      if (count_q == CountBits'(0)) kind_q <= data_i;
      if (count_q == CountBits'(1)) sequence_q <= data_i;
      if (count_q == CountBits'(2)) repeat_q[7:0] <= data_i;
      if (count_q == CountBits'(3)) repeat_q[15:8] <= data_i;
      if (begin_o) storing_q <= slot_free_i;
    end
    if (!rst_ni || end_i) count_q <= '0;
    else if (valid_i && count_q != CountBits'(RunBytes + 1)) count_q <= count_q + 1'b1;
  end

  // The bytes after the image, its CRC, make words too; the slot takes no more than an image has.
  if (WordBytes == 1) begin : gen_byte
    assign word_o       = data_i;
    assign word_valid_o = in_image && storing_q;
  end else begin : gen_word
    localparam int unsigned ByteBits = $clog2(WordBytes);
    logic [WordBytes*8-9:0] early_q;  // the word's bytes so far
    logic [ByteBits-1:0] byte_q;
    logic last;

    assign last         = byte_q == ByteBits'(WordBytes - 1);
    assign word_o       = {data_i, early_q};
    assign word_valid_o = in_image && storing_q && last;

    always_ff @(posedge clk_i) begin
      if (in_image) early_q <= word_o[WordBytes*8-1:8];
      if (begin_o) byte_q <= '0;
      else if (in_image) byte_q <= last ? '0 : byte_q + 1'b1;
    end
  end

  logic whole, short;

  assign whole = good_i && count_q >= CountBits'(ShortBytes);
  assign short = count_q == CountBits'(ShortBytes);

  always_comb begin
    accept_o = 1'b0;
    reset_o  = 1'b0;
    answer_o = 3'd1;
    if (whole) begin
      case (kind_q)
        Identify: answer_o = short ? 3'd0 : 3'd2;
        Reset: begin
          answer_o = short ? 3'd7 : 3'd2;
          reset_o  = end_i && short;
        end
        Run: begin
          if (count_q != CountBits'(RunBytes)) answer_o = 3'd2;
          else if (repeat_q == '0) answer_o = 3'd6;
          else if (!storing_q) answer_o = 3'd4;
          else accept_o = end_i;
        end
        default: answer_o = 3'd3;
      endcase
    end
    answer_valid_o    = end_i && !accept_o;
    answer_sequence_o = whole ? sequence_q : '0;
  end

endmodule
