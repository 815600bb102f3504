// SPDX-License-Identifier: BSD-3-Clause
//
// Words of an image in, the words of its windows out, one a cycle each; images back to back, without a rest.
//
// The words are numbered in the order in which they come, image after image. A window is read by three nested loops of
// Count0 (the innermost) to Count2 steps; loop 3 goes over the windows of a row, loop 4 over the rows. The number of the
// word that is read next changes by Move<i> where loop i goes on and those within it begin anew, and by Move5 from an
// image's last window to the next image. With it, the oldest word that is still needed moves on by Advance3, 4 or 5.
// Words behind the last window are taken and left out.
//
// It keeps Places words, a power of two that holds a window from its first word to its last. in_ready_o is a register.
// Latency 2 from the word that is read next.
//
// At most three levels of logic lie between two registers: what a step changes is in a register before it is taken.
module sliding_window #(
    parameter int unsigned Width = 8,
    parameter int unsigned Places = 16,
    parameter int unsigned Count0 = 1,
    parameter int unsigned Count1 = 1,
    parameter int unsigned Count2 = 1,
    parameter int unsigned Count3 = 1,
    parameter int unsigned Count4 = 1,
    parameter int signed Move0 = 1,
    parameter int signed Move1 = 1,
    parameter int signed Move2 = 1,
    parameter int signed Move3 = 1,
    parameter int signed Move4 = 1,
    parameter int signed Move5 = 1,
    parameter int signed Advance3 = 1,
    parameter int signed Advance4 = 1,
    parameter int signed Advance5 = 1
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
  localparam logic [4:0][31:0] Counts = {Count4, Count3, Count2, Count1, Count0};
  // The first loop of several steps, which goes on in the first step of all; 5: there is none.
  localparam int unsigned First = Count0 > 1 ? 0 : Count1 > 1 ? 1 : Count2 > 1 ? 2 : Count3 > 1 ? 3 : Count4 > 1 ? 4 : 5;
  localparam int signed MoveFirst = First == 0 ? Move0 : First == 1 ? Move1 : First == 2 ? Move2 :
      First == 3 ? Move3 : First == 4 ? Move4 : Move5;
  localparam int signed AdvanceFirst = First < 3 ? 0 : First == 3 ? Advance3 : First == 4 ? Advance4 : Advance5;

  function automatic int signed greater(int signed a, int signed b);
    return a > b ? a : b;
  endfunction

  localparam int unsigned AddressBits = Places > 1 ? $clog2(Places) : 1;
  localparam int signed Forth = greater(greater(greater(Move0, Move1), greater(Move2, Move3)), greater(Move4, Move5));
  localparam int signed Further = greater(greater(Advance3, Advance4), Advance5);
  localparam int unsigned AheadBits = $clog2(greater(int'(Places), greater(Forth, 1))) + 1;
  localparam int unsigned HeldBits = $clog2(int'(Places) + Further) + 1;

  if (Width < 1) begin : gen_check_width
    $error("sliding_window: Width is 0, expected at least 1");
  end
  if (Places < 2 || Places != 1 << AddressBits) begin : gen_check_places
    $error("sliding_window: Places is %0d, expected a power of two from 2 on", Places);
  end

  (* no_rw_check *) logic [Width-1:0] memory[Places];
  logic [Width-1:0] out_q;
  logic [AddressBits-1:0] write_q, read_q;
  // ahead_q: words that have come, from the one that is read next on, less 1. held_q: words kept, less Places.
  logic [AheadBits-1:0] ahead_q, moved, back, back_q;
  logic [HeldBits-1:0] held, held_q, drop, drop_q, dropped_q;
  logic [4:0] last, loop_step;
  logic [1:0] unused;
  logic out_valid_q, take, fetch;

  assign in_ready_o = held_q[HeldBits-1];
  assign take = in_valid_i && in_ready_o;
  assign fetch = !ahead_q[AheadBits-1] && (!out_valid_q || out_ready_i);
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  // The loops are one step ahead: back_q and drop_q are, negated, what the step that is next moves.
  assign loop_step = {&last[3:0], &last[2:0], &last[1:0], last[0], 1'b1} & {5{fetch}};

  for (genvar i = 0; i < 5; i++) begin : gen_loop
    step_counter #(
        .Count(Counts[i]),
        .Start(i == First ? 1 : 0)
    ) i_counter (
        .clk_i,
        .rst_ni,
        .step_i(loop_step[i]),
        .last_o(last[i])
    );
  end

  // One addition each, with the word that comes as its carry. Of ahead_q it is chosen from afterwards: fetch is late.
  assign {moved, unused[0]} = {ahead_q, 1'b1} + {back_q, take};
  assign {held, unused[1]}  = {held_q, 1'b1} + {dropped_q, take};

  always_comb begin
    drop = '0;
    if (!last[0]) back = AheadBits'(-Move0);
    else if (!last[1]) back = AheadBits'(-Move1);
    else if (!last[2]) back = AheadBits'(-Move2);
    else if (!last[3]) begin
      back = AheadBits'(-Move3);
      drop = HeldBits'(-Advance3);
    end else if (!last[4]) begin
      back = AheadBits'(-Move4);
      drop = HeldBits'(-Advance4);
    end else begin
      back = AheadBits'(-Move5);
      drop = HeldBits'(-Advance5);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) memory[write_q] <= in_data_i;
    if (fetch) out_q <= memory[read_q];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
      ahead_q <= '1;
      held_q <= HeldBits'(-int'(Places));
      back_q <= AheadBits'(-MoveFirst);
      drop_q <= HeldBits'(-AdvanceFirst);
      dropped_q <= '0;
      out_valid_q <= 1'b0;
    end else begin
      if (take) write_q <= write_q + 1'b1;
      if (fetch) read_q <= read_q - unsigned'(AddressBits'(signed'(back_q)));
      ahead_q <= fetch ? moved : ahead_q + AheadBits'(take);
      held_q <= held;
      dropped_q <= fetch ? drop_q : '0;
      if (fetch) begin
        back_q <= back;
        drop_q <= drop;
      end
      out_valid_q <= fetch || (out_valid_q && !out_ready_i);
    end
  end
endmodule
