// SPDX-License-Identifier: BSD-3-Clause
// Answers that wait while another is being sent: up to four; one more is lost, as a frame on the line may be.
module answer_queue (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic [2:0]  answer_i,
    input  logic [7:0]  sequence_i,
    input  logic        valid_i,

    output logic [2:0]  answer_o,
    output logic [7:0]  sequence_o,
    output logic        valid_o,
    input  logic        taken_i
);

  logic [3:0][10:0] entries_q;
  logic [2:0] count_q;
  logic [1:0] write_q, read_q;
  logic push, pop;

  assign push    = valid_i && count_q != 3'd4;
  assign pop     = taken_i && valid_o;
  assign valid_o = count_q != '0;
  assign {answer_o, sequence_o} = entries_q[read_q];

  always_ff @(posedge clk_i) begin
    if (push) entries_q[write_q] <= {answer_i, sequence_i};
    if (!rst_ni) begin
      count_q <= '0;
      write_q <= '0;
      read_q  <= '0;
    end else begin
      count_q <= count_q + 3'(push) - 3'(pop);
      write_q <= write_q + 2'(push);
      read_q  <= read_q + 2'(pop);
    end
  end

endmodule
