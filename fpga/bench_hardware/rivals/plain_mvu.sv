// SPDX-License-Identifier: BSD-3-Clause
//
// Matrix-vector unit as a good engineer writes it without wraparound in mind: products, a pipelined adder tree whose
// widths grow as sums do, an accumulator of AccBits. Streams, folding, weight memory and order of words are wrap_mvu's,
// which says what they are; so a row of the comparison differs in arithmetic alone.
//
// Binary weights: 2 * (sum of the inputs with weight +1) - (sum of all inputs), the second sum once for all rows: gating
// an input costs less than negating it. With conditional negation instead, the same unit took 8 to 12 % more tables.
// One-bit inputs make the first sum a population count. Other weights: a product an input (plain_product).
//
// Where AccBits is less than a sum needs, products and sums wrap to it: the same unit with nothing but narrow registers.
module plain_mvu #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter bit Ternary = 1'b0,
    parameter int unsigned AccBits = 32,
    parameter string InitFile = "weights.hex"
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic [Simd*InBits-1:0] in_data_i,
    input  logic                   in_valid_i,
    output logic                   in_ready_o,
    output logic [ Pe*AccBits-1:0] out_data_o,
    output logic                   out_valid_o,
    input  logic                   out_ready_i
);
  localparam int unsigned Sf = Mw / Simd;
  localparam int unsigned Nf = Mh / Pe;
  localparam int unsigned SfBits = Sf > 1 ? $clog2(Sf) : 1;
  localparam int unsigned NfBits = Nf > 1 ? $clog2(Nf) : 1;
  localparam int unsigned Depth = Sf * Nf;
  localparam int unsigned DepthBits = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned XBits = Simd * InBits;
  localparam int unsigned WBits = Pe * Simd * WeightBits;
  localparam bit Binary = WeightBits == 1;
  localparam int unsigned Terms = InBits == 1 ? (Simd + 2) / 3 : Simd;
  localparam int unsigned FullBits = Binary ? (InBits == 1 ? 2 : InBits) : InBits + WeightBits - int'(Ternary);
  localparam int unsigned TermBits = FullBits < AccBits ? FullBits : AccBits;
  localparam int unsigned TreeBits = TermBits + $clog2(Binary ? Terms : Simd);
  localparam int unsigned TreeSumBits = TreeBits < AccBits ? TreeBits : AccBits;
  // Binary: as many bits as the sum of all inputs, and a sign.
  localparam int unsigned DotBits = TreeSumBits < AccBits ? TreeSumBits + 1 : AccBits;
  localparam int unsigned SumBits = Binary ? DotBits : TreeSumBits;
  localparam int unsigned Latency = Binary ? 1 + int'(InBits == 1) + $clog2(Terms) : 1 + $clog2(Simd);

  // Step 0: take a word, count. The pipeline stops when its end finds the output occupied.
  logic [SfBits-1:0] sf_q;
  logic [NfBits-1:0] nf_q;
  logic [DepthBits-1:0] address_q, fetch;
  logic move, step, last, first_pass;
  logic [XBits-1:0] x_q;
  logic [WBits-1:0] w;
  logic valid_in_q, last_in_q;

  assign last = sf_q == SfBits'(Sf - 1);
  assign first_pass = nf_q == '0;
  assign step = move && (in_valid_i || !first_pass);
  assign in_ready_o = move && first_pass;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sf_q <= '0;
      nf_q <= '0;
      address_q <= '0;
    end else if (step) begin
      sf_q <= last ? '0 : sf_q + 1'b1;
      if (last) nf_q <= nf_q == NfBits'(Nf - 1) ? '0 : nf_q + 1'b1;
      address_q <= address_q == DepthBits'(Depth - 1) ? '0 : address_q + 1'b1;
    end
  end

  // The vector is kept where it is passed several times.
  if (Nf > 1) begin : gen_replay
    (* ram_style = "distributed" *) logic [XBits-1:0] vector[Sf];
    logic [SfBits-1:0] sf1_q;
    logic [DepthBits-1:0] address1_q;
    logic valid1_q, last1_q;

    always_ff @(posedge clk_i) begin
      if (in_valid_i && in_ready_o) vector[sf_q] <= in_data_i;
      if (move) begin
        sf1_q <= sf_q;
        last1_q <= last;
        address1_q <= address_q;
        x_q <= vector[sf1_q];
        last_in_q <= last1_q;
      end
      if (!rst_ni) begin
        valid1_q <= 1'b0;
        valid_in_q <= 1'b0;
      end else if (move) begin
        valid1_q <= step;
        valid_in_q <= valid1_q;
      end
    end
    assign fetch = address1_q;
  end else begin : gen_through
    always_ff @(posedge clk_i) begin
      if (move) begin
        x_q <= in_data_i;
        last_in_q <= last;
      end
      if (!rst_ni) valid_in_q <= 1'b0;
      else if (move) valid_in_q <= step;
    end
    assign fetch = address_q;
  end

  plain_rom #(
      .Depth(Depth),
      .Width(WBits),
      .InitFile(InitFile)
  ) i_weights (
      .clk_i,
      .move_i(move),
      .address_i(fetch),
      .word_o(w)
  );

  // valid and last beside the tree; first: the accumulator begins anew.
  logic [Latency-1:0] valid_q, last_q;
  logic first_q, total_valid_q;

  assign move = !(out_valid_o && !out_ready_i && total_valid_q);

  always_ff @(posedge clk_i) begin
    if (move) last_q <= Latency'({last_q, last_in_q});
    if (!rst_ni) begin
      valid_q <= '0;
      total_valid_q <= 1'b0;
      first_q <= 1'b1;
    end else if (move) begin
      valid_q <= Latency'({valid_q, valid_in_q});
      total_valid_q <= valid_q[Latency-1] && last_q[Latency-1];
      if (valid_q[Latency-1]) first_q <= last_q[Latency-1];
    end
  end

  logic [Pe*AccBits-1:0] total;
  logic [TreeSumBits-1:0] all;

  if (Binary) begin : gen_all
    plain_select #(
        .Simd(Simd),
        .InBits(InBits),
        .MaxBits(AccBits)
    ) i_all (
        .clk_i,
        .move_i(move),
        .x_i(x_q),
        .w_i('1),
        .sum_o(all)
    );
  end else begin : gen_no_all
    logic unused;
    assign all = '0;
    assign unused = ^all;
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_row
    logic [SumBits-1:0] sum;
    logic [AccBits-1:0] total_q;

    if (Binary) begin : gen_binary
      logic [TreeSumBits-1:0] positive;
      plain_select #(
          .Simd(Simd),
          .InBits(InBits),
          .MaxBits(AccBits)
      ) i_positive (
          .clk_i,
          .move_i(move),
          .x_i(x_q),
          .w_i(w[p*Simd+:Simd]),
          .sum_o(positive)
      );
      always_ff @(posedge clk_i) if (move) sum <= (SumBits'(positive) << 1) - SumBits'(all);
    end else begin : gen_products
      logic [Simd-1:0][TermBits-1:0] products;
      for (genvar s = 0; s < Simd; s++) begin : gen_product
        plain_product #(
            .InBits(InBits),
            .WeightBits(WeightBits),
            .Bits(TermBits)
        ) i_product (
            .clk_i,
            .move_i(move),
            .x_i(x_q[s*InBits+:InBits]),
            .w_i(w[(p*Simd+s)*WeightBits+:WeightBits]),
            .product_o(products[s])
        );
      end
      plain_tree #(
          .Count(Simd),
          .Bits(TermBits),
          .MaxBits(AccBits)
      ) i_tree (
          .clk_i,
          .move_i(move),
          .terms_i(products),
          .sum_o(sum)
      );
    end
    if (Sf == 1) begin : gen_single
      logic unused;
      assign unused = first_q;
      always_ff @(posedge clk_i) if (move) total_q <= AccBits'(signed'(sum));
    end else begin : gen_running
      always_ff @(posedge clk_i) begin
        if (move && valid_q[Latency-1]) total_q <= (first_q ? '0 : total_q) + AccBits'(signed'(sum));
      end
    end
    assign total[p*AccBits+:AccBits] = total_q;
  end

  always_ff @(posedge clk_i) begin
    if (move && total_valid_q) out_data_o <= total;
    if (!rst_ni) out_valid_o <= 1'b0;
    else if (move && total_valid_q) out_valid_o <= 1'b1;
    else if (out_ready_i) out_valid_o <= 1'b0;
  end
endmodule
