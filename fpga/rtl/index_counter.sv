// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps, Count of them in turn: index_o is the number of the next one, from 0 on; last_o: it is the last one.
// Early: last_o is a register. Late too: step_i, where it comes late, goes through no table, it enables registers.
module index_counter #(
    parameter int unsigned Count = 1,
    parameter bit Early = 1'b0,
    parameter bit Late = 1'b0,
    localparam int unsigned Bits = Count > 1 ? $clog2(Count) : 1
) (
    input  logic            clk_i,
    input  logic            rst_ni,
    input  logic            step_i,
    output logic [Bits-1:0] index_o,
    output logic            last_o
);
  if (Count < 1) begin : gen_check_count
    $error("index_counter: Count is 0, expected at least 1");
  end

  if (Count == 1) begin : gen_always
    logic unused;
    assign unused  = ^{clk_i, rst_ni, step_i};
    assign index_o = 1'b0;
    assign last_o  = 1'b1;
  end else begin : gen_count
    logic [Bits-1:0] index_q;
    logic restart;

    assign index_o = index_q;
    // A power of two comes round by itself.
    assign restart = !Late && Count != 1 << Bits && step_i && last_o;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || restart) index_q <= '0;
      else if (step_i) index_q <= Late && last_o ? '0 : index_q + 1'b1;
    end

    if (Early || Late) begin : gen_early
      logic last_q;
      assign last_o = last_q;
      always_ff @(posedge clk_i) begin
        if (!rst_ni) last_q <= 1'b0;
        else if (step_i) last_q <= index_q == Bits'(Count - 2);
      end
    end else begin : gen_compared
      assign last_o = index_q == Bits'(Count - 1);
    end
  end
endmodule
