// SPDX-License-Identifier: BSD-3-Clause
//
// The end of a dot product: a register for the term, then the running sum mod 2^Bits. sum_o is the sum up to and with
// the registered term; valid_i and last_i belong to that term. After the last one the sum begins anew.
// Single: every term is the last one, and there is no running sum.
module wrap_accumulate #(
    parameter int unsigned Bits   = 8,
    parameter bit          Single = 1'b0
) (
    input  logic            clk_i,
    input  logic            rst_ni,
    input  logic            move_i,
    input  logic            valid_i,
    input  logic            last_i,
    input  logic [Bits-1:0] term_i,
    output logic [Bits-1:0] sum_o
);
  logic [Bits-1:0] term_q;

  always_ff @(posedge clk_i) if (move_i) term_q <= term_i;

  if (Single) begin : gen_single
    logic unused;
    assign unused = ^{rst_ni, valid_i, last_i};
    assign sum_o = term_q;
  end else begin : gen_running
    logic [Bits-1:0] sum_q;
    assign sum_o = sum_q + term_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (move_i && valid_i && last_i)) sum_q <= '0;
      else if (move_i && valid_i) sum_q <= sum_o;
    end
  end
endmodule
