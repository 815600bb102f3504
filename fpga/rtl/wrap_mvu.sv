// SPDX-License-Identifier: BSD-3-Clause
//
// Matrix-vector unit: y = W x mod 2^AccBits, W built in. Sf = Mw / Simd, Nf = Mh / Pe.
//
// In: Sf words a vector, element s of word sf is x[sf * Simd + s] (unsigned). Out: Nf words, element p of word nf is row
// nf * Pe + p (AccBits bits, two's complement, not folded). One step a cycle: vectors back to back take Sf * Nf cycles
// each. With Nf > 1 the vector is kept and passed Nf times; its words are taken during the first pass.
// Latency from the last word of a vector to its first output word: 3 cycles with Nf = 1, 4 with Nf > 1; the further
// words follow every Sf cycles.
//
// Weights, $readmemh(InitFile): word nf * Sf + sf holds weight (p, s) = W[nf * Pe + p][sf * Simd + s] at bit
// (p * Simd + s) * WeightBits. WeightBits 1: bit 1 is +1, bit 0 is -1; else two's complement (ternary: 2 bits).
// RomStyle: "auto", "block", "distributed".
//
// No adder, register or wire of a sum is wider than AccBits. With 1-bit weights z = 2 * t - s, where t is the sum of
// the inputs with weight +1 (AccBits - 1 bits a row) and s the sum of all inputs (once for all rows).
module wrap_mvu #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned AccBits = 8,
    parameter string InitFile = "weights.hex",
    parameter string RomStyle = "auto"
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
  if (Simd < 1 || Mw % Simd != 0) begin : gen_check_simd
    $error("wrap_mvu: Simd = %0d does not divide Mw = %0d", Simd, Mw);
  end
  if (Pe < 1 || Mh % Pe != 0) begin : gen_check_pe
    $error("wrap_mvu: Pe = %0d does not divide Mh = %0d", Pe, Mh);
  end
  if (InBits < 1 || InBits > 16) begin : gen_check_in_bits
    $error("wrap_mvu: InBits is %0d, expected 1 to 16", InBits);
  end
  if (WeightBits < 1 || WeightBits > 16) begin : gen_check_weight_bits
    $error("wrap_mvu: WeightBits is %0d, expected 1 to 16", WeightBits);
  end
  if (AccBits < 2 || AccBits > 32) begin : gen_check_acc_bits
    $error("wrap_mvu: AccBits is %0d, expected 2 to 32", AccBits);
  end

  localparam int unsigned Sf = Mw / Simd;
  localparam int unsigned Nf = Mh / Pe;
  localparam int unsigned SfBits = Sf > 1 ? $clog2(Sf) : 1;
  localparam int unsigned NfBits = Nf > 1 ? $clog2(Nf) : 1;
  localparam int unsigned Depth = Sf * Nf;
  localparam int unsigned DepthBits = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned XBits = Simd * InBits;
  localparam int unsigned WBits = Pe * Simd * WeightBits;
  // A row's own sum: t for binary weights, z otherwise.
  localparam int unsigned SumBits = WeightBits == 1 ? AccBits - 1 : AccBits;

  // Step 0: take a word, count. move: the pipeline advances; it stops when a result finds the output occupied.
  logic [SfBits-1:0] sf_q;
  logic [NfBits-1:0] nf_q;
  logic [DepthBits-1:0] address_q;
  logic move, step, last, first_pass;

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

  // Step 1 (Nf > 1 only): the word is in the vector's memory. Step 2: inputs and weights are registers.
  logic [XBits-1:0] x2_q;
  logic [WBits-1:0] w2;
  logic valid2_q, last2_q;
  logic [DepthBits-1:0] fetch;

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
        x2_q <= vector[sf1_q];
        last2_q <= last1_q;
      end
      if (!rst_ni) begin
        valid1_q <= 1'b0;
        valid2_q <= 1'b0;
      end else if (move) begin
        valid1_q <= step;
        valid2_q <= valid1_q;
      end
    end
    assign fetch = address1_q;
  end else begin : gen_through
    always_ff @(posedge clk_i) begin
      if (move) begin
        x2_q <= in_data_i;
        last2_q <= last;
      end
      if (!rst_ni) valid2_q <= 1'b0;
      else if (move) valid2_q <= step;
    end
    assign fetch = address_q;
  end

  weight_rom #(
      .Depth(Depth),
      .Width(WBits),
      .InitFile(InitFile),
      .RomStyle(RomStyle)
  ) i_weights (
      .clk_i,
      .move_i(move),
      .address_i(fetch),
      .word_o(w2)
  );

  // Step 3: dot products. Step 4: accumulate; the last one of a vector goes to the output register.
  logic valid3_q, last3_q, out_valid_q;
  logic [Pe*AccBits-1:0] result, out_q;

  assign move = !(valid3_q && last3_q && out_valid_q && !out_ready_i);
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i) begin
    if (move) last3_q <= last2_q;
    if (move && valid3_q && last3_q) out_q <= result;
    if (!rst_ni) begin
      valid3_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (move) valid3_q <= valid2_q;
      if (move && valid3_q && last3_q) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end

  logic [AccBits-1:0] all_sum;  // s, for binary weights

  if (WeightBits == 1) begin : gen_all
    logic [AccBits-1:0] dot;
    wrap_dot #(
        .Simd(Simd),
        .InBits(InBits),
        .WeightBits(1),
        .SumBits(AccBits)
    ) i_dot (
        .x_i(x2_q),
        .w_i({Simd{1'b1}}),
        .sum_o(dot)
    );
    wrap_accumulate #(
        .Bits(AccBits),
        .Single(Sf == 1)
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid3_q),
        .last_i(last3_q),
        .term_i(dot),
        .sum_o(all_sum)
    );
  end else begin : gen_no_all
    logic unused;
    assign all_sum = '0;
    assign unused = ^all_sum;
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_row
    logic [SumBits-1:0] dot, sum;
    wrap_dot #(
        .Simd(Simd),
        .InBits(InBits),
        .WeightBits(WeightBits),
        .SumBits(SumBits)
    ) i_dot (
        .x_i(x2_q),
        .w_i(w2[p*Simd*WeightBits+:Simd*WeightBits]),
        .sum_o(dot)
    );
    wrap_accumulate #(
        .Bits(SumBits),
        .Single(Sf == 1)
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid3_q),
        .last_i(last3_q),
        .term_i(dot),
        .sum_o(sum)
    );
    if (WeightBits == 1) begin : gen_binary
      // 2t - s in its two parts: the lowest bit is that of s, the others are t - ceil(s / 2).
      logic [SumBits-1:0] upper;
      assign upper = sum + ~all_sum[AccBits-1:1] + SumBits'(!all_sum[0]);
      assign result[p*AccBits+:AccBits] = {upper, all_sum[0]};
    end else begin : gen_plain
      assign result[p*AccBits+:AccBits] = sum;
    end
  end
endmodule
