// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps, Count of them in turn, beginning with the step Start: index_o is the number of the next one, from 0 on.
// last_o is a register: it is the last one.
module index_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0,
    localparam int unsigned Bits = Count > 1 ? $clog2(Count) : 1
) (
    input  logic            clk_i,
    input  logic            rst_ni,
    input  logic            step_i,
    output logic [Bits-1:0] index_o,
    output logic            last_o
);
  if (Start >= Count) begin : gen_check_start
    $error("index_counter: Start is %0d, expected less than Count = %0d", Start, Count);
  end

  if (Count == 1) begin : gen_always
    logic unused;
    assign unused  = ^{clk_i, rst_ni, step_i};
    assign index_o = 1'b0;
    assign last_o  = 1'b1;
  end else begin : gen_count
    logic [Bits-1:0] index_q;
    logic last_q;

    assign index_o = index_q;
    assign last_o  = last_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) index_q <= Bits'(Start);
      // A power of two comes round by itself.
      else if (Count != 1 << Bits && step_i && last_q) index_q <= '0;
      else if (step_i) index_q <= index_q + 1'b1;
      if (!rst_ni) last_q <= Start == Count - 1;
      else if (step_i) last_q <= index_q == Bits'(Count - 2);
    end
  end
endmodule
