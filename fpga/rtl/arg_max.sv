// SPDX-License-Identifier: BSD-3-Clause
//
// Index of the greatest of Classes signed values; of equal ones the first wins.
//
// In: Classes / Pe words of Pe lanes, lane p of word i is class i * Pe + p. Out: one word of IndexBits for them. One
// word a cycle in, latency 2 from the last of them. It does not hand the greatest value on.
module arg_max #(
    parameter int unsigned Classes = 10,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 8,
    parameter int unsigned IndexBits = 4
) (
    input  logic                 clk_i,
    input  logic                 rst_ni,
    input  logic [  Pe*Bits-1:0] in_data_i,
    input  logic                 in_valid_i,
    output logic                 in_ready_o,
    output logic [IndexBits-1:0] out_data_o,
    output logic                 out_valid_o,
    input  logic                 out_ready_i
);
  if (Pe < 1 || Classes % Pe != 0) begin : gen_check_pe
    $error("arg_max: Pe = %0d does not divide Classes = %0d", Pe, Classes);
  end
  if (IndexBits < 1 || 64'(Classes) > (64'd1 << IndexBits)) begin : gen_check_index_bits
    $error("arg_max: IndexBits = %0d cannot number %0d classes", IndexBits, Classes);
  end

  localparam int unsigned Words = Classes / Pe;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;
  // A tree over the lanes: node n has the children 2n and 2n + 1, the leaves are Leaves + lane.
  localparam int unsigned Leaves = 1 << $clog2(Pe);
  localparam logic signed [Bits-1:0] Least = signed'({1'b1, {(Bits - 1) {1'b0}}});

  logic signed [Bits-1:0] value[2*Leaves];
  logic [IndexBits-1:0] lane[2*Leaves];

  assign value[0] = Least;
  assign lane[0]  = '0;
  for (genvar p = 0; p < Leaves; p++) begin : gen_leaf
    if (p < Pe) begin : gen_lane
      assign value[Leaves+p] = signed'(in_data_i[p*Bits+:Bits]);
    end else begin : gen_none
      assign value[Leaves+p] = Least;
    end
    assign lane[Leaves+p] = IndexBits'(p);
  end
  for (genvar n = 1; n < Leaves; n++) begin : gen_node
    logic right;
    assign right = value[2*n+1] > value[2*n];
    assign value[n] = right ? value[2*n+1] : value[2*n];
    assign lane[n] = right ? lane[2*n+1] : lane[2*n];
  end

  // Step 1: the best lane of the word. Step 2: against the words before.
  logic [WordBits-1:0] word_q;
  logic [IndexBits-1:0] base_q, index1_q, best_index_q, out_q;
  logic signed [Bits-1:0] value1_q, best_q;
  logic last, move, better, valid1_q, first1_q, last1_q, out_valid_q;

  assign last = word_q == WordBits'(Words - 1);
  assign move = !(valid1_q && last1_q && out_valid_q && !out_ready_i);
  assign better = first1_q || value1_q > best_q;
  assign in_ready_o = move;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i) begin
    if (move) begin
      value1_q <= value[1];
      index1_q <= base_q + lane[1];
      first1_q <= word_q == '0;
      last1_q  <= last;
      if (valid1_q && better) begin
        best_q <= value1_q;
        best_index_q <= index1_q;
      end
      if (valid1_q && last1_q) out_q <= better ? index1_q : best_index_q;
    end
    if (!rst_ni) begin
      word_q <= '0;
      base_q <= '0;
      valid1_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (move) valid1_q <= in_valid_i;
      if (move && in_valid_i) begin
        word_q <= last ? '0 : word_q + 1'b1;
        base_q <= last ? '0 : base_q + IndexBits'(Pe);
      end
      if (move && valid1_q && last1_q) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
