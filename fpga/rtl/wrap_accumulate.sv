// SPDX-License-Identifier: BSD-3-Clause
//
// Running sum mod 2^Bits of a vector's terms: sum_o is Start and the terms up to term_i; valid_i and last_i belong to
// term_i. After the last one the sum begins anew at Start. Single: every term is the last one.
module wrap_accumulate #(
    parameter int unsigned     Bits   = 8,
    parameter bit              Single = 1'b0,
    parameter logic [Bits-1:0] Start  = '0
) (
    input  logic            clk_i,
    input  logic            rst_ni,
    input  logic            move_i,
    input  logic            valid_i,
    input  logic            last_i,
    input  logic [Bits-1:0] term_i,
    output logic [Bits-1:0] sum_o
);
  if (Single) begin : gen_single
    logic unused;
    assign unused = ^{clk_i, rst_ni, move_i, valid_i, last_i};
    assign sum_o  = term_i + Start;
  end else begin : gen_running
    logic [Bits-1:0] sum_q;
    assign sum_o = sum_q + term_i;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (move_i && valid_i && last_i)) sum_q <= Start;
      else if (move_i && valid_i) sum_q <= sum_o;
    end
  end
endmodule
