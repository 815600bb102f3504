// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps, Count of them in turn, and begins at step Start (0 is the first); last_o is a register: the next step is
// the last one. No other output. Late: step_i goes through no table, it enables registers.
module step_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0,
    parameter bit Late = 1'b0
) (
    input  logic clk_i,
    input  logic rst_ni,
    input  logic step_i,
    output logic last_o
);
  if (Count < 1 || Count > 1 << lfsr_pkg::MaxBits) begin : gen_check_count
    $error("step_counter: Count is %0d, expected 1 to 2^%0d", Count, lfsr_pkg::MaxBits);
  end
  if (Start >= Count) begin : gen_check_start
    $error("step_counter: Start is %0d, expected less than Count = %0d", Start, Count);
  end

  if (Count == 1) begin : gen_always
    logic unused;
    assign unused = ^{clk_i, rst_ni, step_i};
    assign last_o = 1'b1;
  end else begin : gen_count
    localparam int unsigned Bits = $clog2(Count);
    localparam logic [Bits-1:0] First = Bits'(lfsr_pkg::at(Bits, Start));
    localparam logic [Bits-1:0] Final = Bits'(lfsr_pkg::at(Bits, Count - 2));
    logic [Bits-1:0] state_q, after;
    logic last_q, restart;

    assign last_o = last_q;
    assign after = Bits'(lfsr_pkg::after(Bits, lfsr_pkg::MaxBits'(state_q)));
    assign restart = !Late && step_i && last_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        state_q <= First;
        last_q  <= Start == Count - 1;
      end else if (restart) begin
        state_q <= '0;
        last_q  <= 1'b0;
      end else if (step_i) begin
        state_q <= Late && last_q ? '0 : after;
        last_q  <= state_q == Final;
      end
    end
  end
endmodule
