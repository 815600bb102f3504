// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps, Count of them in turn, and begins at step Start (0 is the first); last_o is a register: the next step is
// the last one. No other output.
module step_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic step_i,
    output logic last_o
);
  if (Count < 1) begin : gen_check_count
    $error("step_counter: Count is 0, expected at least 1");
  end
  if (Start >= Count) begin : gen_check_start
    $error("step_counter: Start is %0d, expected less than Count = %0d", Start, Count);
  end

  if (Count == 1) begin : gen_always
    logic unused;
    assign unused = ^{clk_i, rst_ni, step_i};
    assign last_o = 1'b1;
  end else begin : gen_count
    // Steps to the last one, less 1: negative when it is next.
    localparam int unsigned Bits = $clog2(Count - 1) + 1;
    localparam logic [Bits-1:0] First = Bits'(Count - 2);
    logic [Bits-1:0] left_q;

    assign last_o = left_q[Bits-1];
    always_ff @(posedge clk_i) begin
      if (!rst_ni) left_q <= First - Bits'(Start);
      else if (step_i) left_q <= last_o ? First : left_q - 1'b1;
    end
  end
endmodule
