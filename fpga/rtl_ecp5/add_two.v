// SPDX-License-Identifier: BSD-3-Clause
//
// add_two on an ECP5: tables where they are no more than a carry chain. Of an even number of places, one is saved with the
// lowest sum in a table of its own: its carry enters the chain.
module add_two #(
    parameter Width = 1
) (
    input  [Width-1:0] a_i,
    input  [Width-1:0] b_i,
    output [Width-1:0] sum_o,
    output             carry_o
);
  localparam Low = Width % 2;

  generate
    if (Width < 3) begin : gen_tables
      assign {carry_o, sum_o} = {1'b0, a_i} + {1'b0, b_i};
    end else begin : gen_chain
      if (Low) begin : gen_low
        assign sum_o[0] = a_i[0] ^ b_i[0];
      end
      carry_chain #(
          .Width(Width - Low)
      ) i_chain (
          .a_i(a_i[Width-1:Low]),
          .b_i(b_i[Width-1:Low]),
          .keep_i(1'b1),
          .or_i({Width - Low{1'b0}}),
          .enter_i(Low ? {a_i[0], b_i[0]} : 2'b00),
          .sum_o(sum_o[Width-1:Low]),
          .carry_o(carry_o)
      );
    end
  endgenerate
endmodule
