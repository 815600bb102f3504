// SPDX-License-Identifier: BSD-3-Clause
//
// Rounds of a linear feedback shift register, cut to a length: counters whose order nobody asks for. A step is one table
// whatever their width, without a carry chain, and none more to begin anew.
//
// A register of greatest length runs through all values but the one of all ones. Where the bit that is fed back is
// complemented, it goes on with another value, which differs in that bit alone, and leaves out those before it: for each
// number of them there is one such place.
package lfsr_pkg;
  localparam int unsigned MaxBits = 16;

  // Words of a memory that such a round of `words` values addresses: one for every address, unless that takes more LUT RAM,
  // which comes 64 words at a time; then its places are to be the first `words`.
  function automatic int unsigned places(int unsigned words);
    int unsigned all;
    all = 1 << $clog2(words);
    return all - words < 64 ? all : words;
  endfunction

  // The bits that are fed back (AMD XAPP052, table 3; the highest bit is the register's last).
  function automatic logic [MaxBits-1:0] taps(int unsigned bits);
    case (bits)
      1: return 16'h0001;
      2: return 16'h0003;
      3: return 16'h0006;
      4: return 16'h000c;
      5: return 16'h0014;
      6: return 16'h0030;
      7: return 16'h0060;
      8: return 16'h00b8;
      9: return 16'h0110;
      10: return 16'h0240;
      11: return 16'h0500;
      12: return 16'h0829;
      13: return 16'h100d;
      14: return 16'h2015;
      15: return 16'h6000;
      default: return 16'hd008;
    endcase
  endfunction

  function automatic logic [MaxBits-1:0] ones(int unsigned bits);
    return MaxBits'((32'd1 << bits) - 32'd1);
  endfunction

  // The value after another in a register of `bits`.
  function automatic logic [MaxBits-1:0] after(int unsigned bits, logic [MaxBits-1:0] value);
    return {value[MaxBits-2:0], ~^(value & taps(bits))} & ones(bits);
  endfunction

  // The first of a round of `count` values, more than 2^(bits-1) and less than 2^bits.
  function automatic logic [MaxBits-1:0] first(int unsigned bits, int unsigned count);
    int unsigned skipped;
    logic [MaxBits-1:0] left, back;
    skipped = (1 << bits) - 1 - count;
    if (skipped == 0) return '0;
    // `back` comes so many values behind `left` as are skipped: go on until they differ in the lowest bit alone.
    left = '0;
    back = '0;
    // Two loops, each of few rounds: tools give up on long ones.
    for (int unsigned i = 0; i < skipped; i += 256) begin
      for (int unsigned j = i; j < skipped && j < i + 256; j++) back = after(bits, back);
    end
    for (int unsigned i = 0; i < 1 << bits; i += 256) begin
      for (int unsigned j = 0; j < 256 && (left ^ back) != 1; j++) begin
        left = after(bits, left);
        back = after(bits, back);
      end
    end
    return back;
  endfunction

  // The value of step `steps`, from 0 on, in a round of `count` values, at most 2^bits: of just as many, the steps' number.
  function automatic logic [MaxBits-1:0] at(int unsigned bits, int unsigned count, int unsigned steps);
    if (count == 1 << bits) return MaxBits'(steps);
    at = first(bits, count);
    for (int unsigned i = 0; i < steps; i += 256) begin
      for (int unsigned j = i; j < steps && j < i + 256; j++) at = after(bits, at);
    end
  endfunction
endpackage
