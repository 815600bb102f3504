// SPDX-License-Identifier: BSD-3-Clause
//
// Linear feedback shift registers of greatest length: counters whose order nobody asks for. A step is one table whatever
// their width, without a carry chain. They begin at 0 and run through all values but the one of all ones.
package lfsr_pkg;
  localparam int unsigned MaxBits = 16;

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

  function automatic logic [MaxBits-1:0] after(int unsigned bits, logic [MaxBits-1:0] state);
    return {state[MaxBits-2:0], ~^(state & taps(bits))};
  endfunction

  // The lowest bits are the state after so many steps from the beginning.
  function automatic logic [MaxBits-1:0] at(int unsigned bits, int unsigned steps);
    at = '0;
    // Two loops, each of few rounds: tools give up on long ones.
    for (int unsigned i = 0; i < steps; i += 256) begin
      for (int unsigned j = i; j < steps && j < i + 256; j++) at = after(bits, at);
    end
  endfunction
endpackage
