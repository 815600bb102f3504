// SPDX-License-Identifier: BSD-3-Clause
//
// Of the steps since a restart, the First-th and each Stride-th behind it are due; due_o is a register: the next step is
// one of them. The step at which restart_i is set is the last one before a restart.
module stride_counter #(
    parameter int unsigned First  = 1,
    parameter int unsigned Stride = 1
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic step_i,
    input  logic restart_i,
    output logic due_o
);
  if (First < 1 || Stride < 1) begin : gen_check_size
    $error("stride_counter: First is %0d and Stride %0d, expected at least 1", First, Stride);
  end

  if (First == 1 && Stride == 1) begin : gen_always
    logic unused;
    assign unused = ^{clk_i, rst_ni, step_i, restart_i};
    assign due_o  = 1'b1;
  end else if (Stride == 1 && First <= 8) begin : gen_all
    // So many steps have been, one bit each.
    logic [First-2:0] been_q;

    assign due_o = been_q[First-2];
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (step_i && restart_i)) been_q <= '0;
      else if (step_i) been_q <= (First - 1)'({been_q, 1'b1});
    end
  end else begin : gen_some
    // Steps to the next one that is due, less 1: negative when it is next.
    localparam int unsigned Most = First > Stride ? First : Stride;
    localparam int unsigned Bits = $clog2(Most - 1) + 1;
    localparam logic [Bits-1:0] Fresh = Bits'(First) - Bits'(2);
    localparam logic [Bits-1:0] Again = Bits'(Stride) - Bits'(2);
    logic [Bits-1:0] left_q;

    assign due_o = left_q[Bits-1];
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (step_i && restart_i)) left_q <= Fresh;
      else if (step_i) left_q <= due_o ? Again : left_q - 1'b1;
    end
  end
endmodule
