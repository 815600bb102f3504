// SPDX-License-Identifier: BSD-3-Clause
// Two buffers for images: one is filled, word by word, while the other is read.
//
// `begin_i` begins to fill the slot that is next, over whatever an unfinished image left there; words beyond an image's
// are ignored, and so is everything while no slot is free. `accept_i` makes the image valid. The oldest valid one is
// shown until `release_i`; its words lie at `first_o` to `last_o`. `clear_i` empties both.
module image_slots #(
    parameter int unsigned WordBytes = 1,
    parameter int unsigned Words = 64,  // of an image
    localparam int unsigned AddressBits = $clog2(2 * Words)
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic                   clear_i,

    output logic                   free_o,
    input  logic                   begin_i,
    input  logic [WordBytes*8-1:0] word_i,
    input  logic                   word_valid_i,
    input  logic                   accept_i,
    input  logic [7:0]             sequence_i,
    input  logic [15:0]            repeat_i,

    output logic                   valid_o,
    output logic [7:0]             sequence_o,
    output logic [15:0]            repeat_o,
    output logic [AddressBits-1:0] first_o,
    output logic [AddressBits-1:0] last_o,
    input  logic                   release_i,

    input  logic                   read_i,
    input  logic [AddressBits-1:0] read_address_i,
    output logic [WordBytes*8-1:0] read_data_o
);

  localparam logic [AddressBits-1:0] First0 = '0;
  localparam logic [AddressBits-1:0] Last0 = AddressBits'(Words - 1);
  localparam logic [AddressBits-1:0] First1 = AddressBits'(Words);
  localparam logic [AddressBits-1:0] Last1 = AddressBits'(2 * Words - 1);

  logic [1:0] full_q;
  logic fill_q, show_q;  // which slot
  logic [1:0][23:0] labels_q;  // {repeat, sequence}
  logic [AddressBits-1:0] address_q;
  logic open_q;  // the image that is being filled lacks words

  assign free_o  = !full_q[fill_q];
  assign valid_o = full_q[show_q];
  assign {repeat_o, sequence_o} = labels_q[show_q];
  assign first_o = show_q ? First1 : First0;
  assign last_o  = show_q ? Last1 : Last0;

  always_ff @(posedge clk_i) begin
    if (accept_i) labels_q[fill_q] <= {repeat_i, sequence_i};
    if (begin_i) address_q <= fill_q ? First1 : First0;
    else if (word_valid_i) address_q <= address_q + 1'b1;

    if (!rst_ni || clear_i) begin
      full_q <= '0;
      fill_q <= 1'b0;
      show_q <= 1'b0;
      open_q <= 1'b0;
    end else begin
      if (begin_i) open_q <= free_o;
      else if (word_valid_i && address_q == (fill_q ? Last1 : Last0)) open_q <= 1'b0;
      if (accept_i) begin
        full_q[fill_q] <= 1'b1;
        fill_q         <= !fill_q;
      end
      if (release_i) begin
        full_q[show_q] <= 1'b0;
        show_q         <= !show_q;
      end
    end
  end

  word_memory #(
      .Width(WordBytes * 8),
      .Depth(2 * Words)
  ) i_memory (
      .clk_i          (clk_i),
      .write_i        (word_valid_i && open_q),
      .write_address_i(address_q),
      .write_data_i   (word_i),
      .read_i         (read_i),
      .read_address_i (read_address_i),
      .read_data_o    (read_data_o)
  );

endmodule
