// SPDX-License-Identifier: BSD-3-Clause
// Length of the next AXI burst, in 8-byte beats: at most 16 (what AXI3 ports take as well), not past the end of the
// job, not across a 4 KiB boundary. 0 when nothing is left. Purely combinational.
module burst_length (
    input  logic [29:0] next_beat_i,  // address / 8
    input  logic [29:0] end_beat_i,   // exclusive
    output logic [4:0]  length_o
);

  logic [29:0] left;
  logic [9:0] to_boundary;

  assign left        = end_beat_i - next_beat_i;
  assign to_boundary = 10'd512 - {1'b0, next_beat_i[8:0]};

  always_comb begin
    length_o = 5'd16;
    if (left < 30'd16) length_o = left[4:0];
    if (to_boundary < {5'b0, length_o}) length_o = to_boundary[4:0];
  end

endmodule
