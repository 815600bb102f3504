// SPDX-License-Identifier: BSD-3-Clause
//
// Rules of a stream through a cell, and one transaction followed through it: InWords words in make OutWords words out.
//
// pick_i is free: whichever transaction it picks is followed, so what holds for the followed one holds for all.
//   stable      an output word that waits stays, and stays the same
//   nothing     no word comes out before one that it is made of went in, none twice, and none after reset
//   flight      no more than Flight transactions are inside, so that none stays for ever
//   given       once it is taken whole, a transaction is given after at most Patience cycles with out_ready_i
//   accepted    an input word waits for at most Patience cycles with out_ready_i
// The rest is the enclosing module's: while now_o, the word offered is word place_o of the transaction made of words_o.
// inside_o transactions have begun to go in and not all come out.
// Its ports are named as the cell's, which are its inputs whatever their direction at the cell.
module follow #(
    parameter int unsigned InWidth = 1,
    parameter int unsigned OutWidth = 1,
    parameter int unsigned InWords = 1,
    parameter int unsigned OutWords = 1,
    parameter int unsigned Flight = 1,
    parameter int unsigned Patience = 1,
    localparam int unsigned PlaceBits = OutWords > 1 ? $clog2(OutWords) : 1,
    localparam int unsigned FlightBits = $clog2(Flight + 2)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic pick_i,
    input logic [InWidth-1:0] in_data_i,
    input logic in_valid_i,
    input logic in_ready_o,
    input logic [OutWidth-1:0] out_data_o,
    input logic out_valid_o,
    input logic out_ready_i,
    output logic [InWords-1:0][InWidth-1:0] words_o,
    output logic [PlaceBits-1:0] place_o,
    output logic now_o,
    output logic [FlightBits-1:0] inside_o
);
  localparam int unsigned InBits = InWords > 1 ? $clog2(InWords) : 1;
  localparam int unsigned WaitBits = $clog2(Patience + 2);

  logic take, give, begins, ends, ended;
  logic [InBits-1:0] in_q;
  logic [PlaceBits-1:0] out_q;
  logic [FlightBits-1:0] inside_q, before_q;
  logic active_q, whole_q;
  logic [WaitBits-1:0] waited_q, hungry_q;
  logic waits_q;
  logic [OutWidth-1:0] waiting_q;

  assign take = in_valid_i && in_ready_o;
  assign give = out_valid_o && out_ready_i;
  assign begins = take && in_q == '0;
  assign ended = take && in_q == InBits'(InWords - 1);
  assign ends = give && out_q == PlaceBits'(OutWords - 1);
  assign place_o = out_q;
  assign inside_o = inside_q;
  assign now_o = rst_ni && out_valid_o && active_q && before_q == '0;

  always_ff @(posedge clk_i) begin
    waiting_q <= out_data_o;
    if (!rst_ni) begin
      in_q <= '0;
      out_q <= '0;
      inside_q <= '0;
      active_q <= 1'b0;
      waits_q <= 1'b0;
      hungry_q <= '0;
    end else begin
      waits_q <= out_valid_o && !out_ready_i;
      if (take) in_q <= ended ? '0 : in_q + 1'b1;
      if (give) out_q <= ends ? '0 : out_q + 1'b1;
      inside_q <= inside_q + FlightBits'(begins) - FlightBits'(ends);
      if (!in_valid_i || in_ready_o) hungry_q <= '0;
      else hungry_q <= hungry_q + WaitBits'(out_ready_i);

      if (!active_q) begin
        if (pick_i && begins) begin
          active_q <= 1'b1;
          whole_q  <= ended;
          before_q <= inside_q - FlightBits'(ends);
          waited_q <= '0;
          words_o[0] <= in_data_i;
        end
      end else begin
        if (take && !whole_q) begin
          words_o[in_q] <= in_data_i;
          whole_q <= ended;
        end
        if (ends) before_q <= before_q - 1'b1;
        if (ends && before_q == '0) active_q <= 1'b0;
        if (whole_q) waited_q <= waited_q + WaitBits'(out_ready_i);
      end
    end
  end

  always_comb begin
    if (rst_ni) begin
      if (waits_q) stable : assert (out_valid_o && out_data_o == waiting_q);
      if (out_valid_o) nothing : assert (inside_q != '0);
      flight : assert (inside_q <= FlightBits'(Flight));
      if (active_q && whole_q) given : assert (waited_q <= WaitBits'(Patience));
      accepted : assert (hungry_q <= WaitBits'(Patience));
    end
  end
endmodule
