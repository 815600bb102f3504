// SPDX-License-Identifier: BSD-3-Clause
//
// Matrix-vector unit: y = W x mod 2^AccBits, W built in. Sf = Mw / Simd, Nf = Mh / Groups / Pe.
//
// In: Sf words a vector, element s of word sf is x[sf * Simd + s] (unsigned). Out: Nf words, element p of word nf is row
// nf * Pe + p (AccBits bits, two's complement, not folded). One step a cycle: vectors back to back take Sf * Nf cycles
// each. With Nf > 1 the vector is kept and passed Nf times; its words are taken during the first pass.
// Groups > 1: so many vectors in turn make up one pixel, and vector g makes the rows from g * Mh / Groups on.
// Latency from the last word of a vector to its first output word: 6 cycles with Nf = 1, 7 with Nf > 1; the further
// words follow every Sf cycles.
//
// Weights, $readmemh(InitFile): word r * Sf + sf, r below Mh / Pe, holds weight (p, s) = W[r * Pe + p][sf * Simd + s]
// at bit (p * Simd + s) * WeightBits. WeightBits 1: bit 1 is +1, bit 0 is -1; else two's complement (ternary: 2 bits).
//
// No adder, register or wire of a sum is wider than AccBits. With 1-bit weights z = 2 * t - s, where t is the sum of
// the inputs with weight +1 (AccBits - 1 bits a row) and s the sum of all inputs (once for all rows).
module wrap_mvu #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Groups = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned AccBits = 8,
    parameter string RomStyle = "auto",  // of the weights: "block", "distributed" or "auto"
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
  if (Simd < 1 || Mw % Simd != 0) begin : gen_check_simd
    $error("wrap_mvu: Simd = %0d does not divide Mw = %0d", Simd, Mw);
  end
  if (Pe < 1 || Groups < 1 || Mh % (Groups * Pe) != 0) begin : gen_check_pe
    $error("wrap_mvu: Pe = %0d does not divide Mh / Groups = %0d / %0d", Pe, Mh, Groups);
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
  localparam int unsigned Nf = Mh / Groups / Pe;
  localparam int unsigned SfBits = Sf > 1 ? $clog2(Sf) : 1;
  localparam int unsigned NfBits = Nf > 1 ? $clog2(Nf) : 1;
  localparam int unsigned Depth = Sf * Nf * Groups;
  localparam int unsigned DepthBits = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned XBits = Simd * InBits;
  localparam int unsigned WBits = Pe * Simd * WeightBits;
  // A row's own sum: t for binary weights, z otherwise.
  localparam int unsigned SumBits = WeightBits == 1 ? AccBits - 1 : AccBits;

  // What wrap_dot adds Sf times over a vector, taken away at the start.
  localparam logic [63:0] Extra = WeightBits == 1 ? 64'd0 :
      64'(Mw) * ((64'd1 << InBits) - 64'd1) << (WeightBits - 1);
  localparam logic [63:0] Start = -Extra;

  function automatic logic [AccBits-1:0][15:0] planes();
    logic [AccBits-1:0][15:0] result;
    for (int unsigned c = 0; c < AccBits; c++) result[c] = c < InBits ? 16'(Simd) : 16'd0;
    return result;
  endfunction

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
      .RomStyle(RomStyle),
      .InitFile(InitFile)
  ) i_weights (
      .clk_i,
      .move_i(move),
      .address_i(fetch),
      .word_o(w2)
  );

  // The inputs and weights of step 2 as bit planes.
  logic [InBits-1:0][Simd-1:0] x_planes;
  logic [Pe-1:0][WeightBits-1:0][Simd-1:0] w_planes;

  for (genvar s = 0; s < Simd; s++) begin : gen_element
    for (genvar b = 0; b < InBits; b++) begin : gen_bit
      assign x_planes[b][s] = x2_q[s*InBits+b];
    end
    for (genvar p = 0; p < Pe; p++) begin : gen_weight
      for (genvar b = 0; b < WeightBits; b++) begin : gen_bit
        assign w_planes[p][b][s] = w2[(p*Simd+s)*WeightBits+b];
      end
    end
  end

  // Steps 3 to 5: dot products. Step 6: accumulate; a vector's last sum is a register of its own. Step 7: output.
  logic [2:0] valid_q, last_q;
  logic total_valid_q, out_valid_q;
  logic [Pe*AccBits-1:0] result, out_q;

  assign move = !(total_valid_q && out_valid_q && !out_ready_i);
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  always_ff @(posedge clk_i) begin
    if (move) last_q <= {last_q[1:0], last2_q};
    if (move && total_valid_q) out_q <= result;
    if (!rst_ni) begin
      valid_q <= '0;
      total_valid_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (move) begin
        valid_q <= {valid_q[1:0], valid2_q};
        total_valid_q <= valid_q[2] && last_q[2];
      end
      if (move && total_valid_q) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_row
    logic [SumBits-1:0] dot, sum, total_q;
    wrap_dot #(
        .Simd(Simd),
        .InBits(InBits),
        .WeightBits(WeightBits),
        .SumBits(SumBits)
    ) i_dot (
        .clk_i,
        .move_i(move),
        .x_i(x_planes),
        .w_i(w_planes[p]),
        .sum_o(dot)
    );
    wrap_accumulate #(
        .Bits(SumBits),
        .Single(Sf == 1),
        .Start(SumBits'(Start))
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid_q[2]),
        .last_i(last_q[2]),
        .term_i(dot),
        .sum_o(sum)
    );
    always_ff @(posedge clk_i) if (move) total_q <= sum;
  end

  if (WeightBits == 1) begin : gen_binary
    localparam logic [AccBits-1:0][15:0] Heights = planes();
    logic [AccBits-1:0][Simd-1:0] planes_in;
    logic [AccBits-1:0] dot, sum;
    logic [SumBits-1:0] half_q;  // ceil(s / 2)
    logic odd_q;

    for (genvar b = 0; b < AccBits; b++) begin : gen_plane
      if (b < InBits) begin : gen_bits
        assign planes_in[b] = x_planes[b];
      end else begin : gen_none
        assign planes_in[b] = '0;
      end
    end
    heap_sum #(
        .Columns(AccBits),
        .Tall(Simd),
        .Heights(Heights)
    ) i_all (
        .clk_i,
        .move_i(move),
        .bits_i(planes_in),
        .sum_o(dot)
    );
    wrap_accumulate #(
        .Bits(AccBits),
        .Single(Sf == 1)
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid_q[2]),
        .last_i(last_q[2]),
        .term_i(dot),
        .sum_o(sum)
    );
    always_ff @(posedge clk_i) begin
      if (move) begin
        half_q <= sum[AccBits-1:1] + SumBits'(sum[0]);
        odd_q <= sum[0];
      end
    end

    // 2t - s in its two parts: the lowest bit is that of s, the others are t - ceil(s / 2).
    for (genvar p = 0; p < Pe; p++) begin : gen_result
      logic [SumBits-1:0] upper;
      assign upper = gen_row[p].total_q - half_q;
      assign result[p*AccBits+:AccBits] = {upper, odd_q};
    end
  end else begin : gen_plain
    for (genvar p = 0; p < Pe; p++) begin : gen_result
      assign result[p*AccBits+:AccBits] = gen_row[p].total_q;
    end
  end
endmodule
