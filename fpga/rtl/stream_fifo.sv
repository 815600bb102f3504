// SPDX-License-Identifier: BSD-3-Clause
//
// First in, first out: holds Depth words, takes one and gives one each cycle.
//
// Depth 2 is a pair of registers. A greater depth is a memory of Depth - 1 words behind an output register, which is
// the block RAM's own where the memory is one.
// Latency: 1 cycle for Depth 2, else 2. No path leads from out_ready_i to in_ready_o, and none from in_valid_i to
// out_valid_o: both are registers. It does not show its filling and has one clock.
module stream_fifo #(
    parameter int unsigned Width = 8,
    parameter int unsigned Depth = 2
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic [Width-1:0] in_data_i,
    input  logic             in_valid_i,
    output logic             in_ready_o,
    output logic [Width-1:0] out_data_o,
    output logic             out_valid_o,
    input  logic             out_ready_i
);
  if (Width < 1) begin : gen_check_width
    $error("stream_fifo: Width is 0, expected at least 1");
  end
  if (Depth < 2) begin : gen_check_depth
    $error("stream_fifo: Depth is %0d, expected at least 2", Depth);
  end

  logic [Width-1:0] out_q;
  logic out_valid_q, free_q, push, load;

  assign push = in_valid_i && free_q;
  assign load = !out_valid_q || out_ready_i;
  assign in_ready_o = free_q;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  if (Depth == 2) begin : gen_pair
    // free_q: the second register is empty.
    logic [Width-1:0] second_q;

    always_ff @(posedge clk_i) begin
      if (free_q) second_q <= in_data_i;
      if (load) out_q <= free_q ? in_data_i : second_q;
      if (!rst_ni) begin
        out_valid_q <= 1'b0;
        free_q <= 1'b1;
      end else if (load) begin
        out_valid_q <= in_valid_i || !free_q;
        free_q <= 1'b1;
      end else if (push) begin
        free_q <= 1'b0;
      end
    end
  end else if (Depth > 2) begin : gen_memory
    localparam int unsigned Words = Depth - 1;
    localparam int unsigned AddressBits = $clog2(Words);

    (* no_rw_check *) logic [Width-1:0] memory[Words];
    // Where the next word is written and read, and where the last one was.
    logic [AddressBits-1:0] write, written_q, read, read_q;
    logic [1:0] unused;
    logic some_q, pop;

    assign pop = load && some_q;

    index_counter #(
        .Count(Words)
    ) i_write (
        .clk_i,
        .rst_ni,
        .step_i (push),
        .index_o(write),
        .last_o (unused[0])
    );
    index_counter #(
        .Count(Words)
    ) i_read (
        .clk_i,
        .rst_ni,
        .step_i (pop),
        .index_o(read),
        .last_o (unused[1])
    );

    always_ff @(posedge clk_i) begin
      if (push) memory[write] <= in_data_i;
      if (pop) out_q <= memory[read];
      if (push) written_q <= write;
      if (pop) read_q <= read;
    end

    // A word that goes was the only one if it was written last. One that comes to others takes the last place if it is
    // that of the word read last. Behind a reset no word was: the first one goes as soon as some_q is set, which frees.
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        some_q <= 1'b0;
        free_q <= 1'b1;
        out_valid_q <= 1'b0;
      end else begin
        some_q <= push || (some_q && !(load && read == written_q));
        free_q <= pop || (free_q && !(in_valid_i && some_q && write == read_q));
        if (load) out_valid_q <= some_q;
      end
    end
  end
endmodule
