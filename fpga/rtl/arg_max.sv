// SPDX-License-Identifier: BSD-3-Clause
//
// Index of the greatest of Classes signed values; of equal ones the first wins.
//
// In: Classes / Pe words of Pe lanes, lane p of word i is class i * Pe + p. Out: one word of IndexBits for them. One
// word a cycle in. It does not hand the greatest value on.
//
// MaxLevels is how many levels of logic, about, may lie between two registers. A row of the tree over the lanes takes
// three; latency is 2 cycles from the last word, and one for each further MaxLevels / 3 rows.
module arg_max #(
    parameter int unsigned Classes = 10,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 8,
    parameter int unsigned IndexBits = 4,
    parameter int unsigned MaxLevels = 8
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
  // A tree over the lanes: node n has the children 2n and 2n + 1, the leaves are Leaves + lane.
  localparam int unsigned Rows = $clog2(Pe);
  localparam int unsigned Leaves = 1 << Rows;
  localparam int unsigned Step = MaxLevels < 6 ? 1 : MaxLevels / 3;  // rows between two registers
  localparam int unsigned Cuts = Rows > Step ? (Rows - 1) / Step : 0;
  localparam logic signed [Bits-1:0] Least = signed'({1'b1, {(Bits - 1) {1'b0}}});

  logic signed [Bits-1:0] value[2*Leaves];
  logic [IndexBits-1:0] lane[2*Leaves];
  logic [Cuts:0] valid;
  logic move;

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
    localparam int unsigned Above = $clog2(n + 1) - 1;  // rows
    logic right;
    logic signed [Bits-1:0] greater;
    logic [IndexBits-1:0] which;

    assign right = value[2*n+1] > value[2*n];
    assign greater = right ? value[2*n+1] : value[2*n];
    assign which = right ? lane[2*n+1] : lane[2*n];
    if (Above > 0 && Above % Step == 0) begin : gen_cut
      logic signed [Bits-1:0] greater_q;
      logic [IndexBits-1:0] which_q;

      assign value[n] = greater_q;
      assign lane[n]  = which_q;
      always_ff @(posedge clk_i) begin
        if (move) begin
          greater_q <= greater;
          which_q   <= which;
        end
      end
    end else begin : gen_through
      assign value[n] = greater;
      assign lane[n]  = which;
    end
  end

  assign valid[0] = in_valid_i;
  for (genvar c = 0; c < Cuts; c++) begin : gen_valid
    logic valid_q;

    assign valid[c+1] = valid_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) valid_q <= 1'b0;
      else if (move) valid_q <= valid[c];
    end
  end

  // Step 1: the best lane of the word. Step 2: against the words before, which are counted here.
  logic [IndexBits-1:0] base_q, lane1_q, index, best_index_q, out_q;
  logic signed [Bits-1:0] value1_q, best_q;
  logic last, step, better, first_q, valid1_q, out_valid_q;

  step_counter #(
      .Count(Words)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i(step),
      .last_o(last)
  );

  assign move = !(valid1_q && last && out_valid_q && !out_ready_i);
  assign step = move && valid1_q;
  assign better = first_q || value1_q > best_q;
  assign index = base_q + lane1_q;
  assign in_ready_o = move;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i) begin
    if (move) begin
      value1_q <= value[1];
      lane1_q  <= lane[1];
    end
    if (step && better) begin
      best_q <= value1_q;
      best_index_q <= index;
    end
    if (step && last) out_q <= better ? index : best_index_q;
    if (!rst_ni) begin
      base_q <= '0;
      first_q <= 1'b1;
      valid1_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (step) base_q <= last ? '0 : base_q + IndexBits'(Pe);
      if (step) first_q <= last;
      if (move) valid1_q <= valid[Cuts];
      if (step && last) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
