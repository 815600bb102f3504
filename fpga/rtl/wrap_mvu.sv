// SPDX-License-Identifier: BSD-3-Clause
//
// Matrix-vector unit: y = W x mod 2^AccBits, W built in. Sf = Mw / Simd, Nf = Mh / Groups / Pe.
//
// In: Sf words a vector, element s of word sf is x[sf * Simd + s] (unsigned). Out: Nf words, element p of word nf is
// row nf * Pe + p (AccBits bits, two's complement, not folded). One step a cycle: vectors back to back take Sf * Nf
// cycles each. With Nf > 1 the vector is kept and passed Nf times, from its first word on, while the next is taken.
// Groups > 1: so many vectors in turn make up one pixel, and vector g makes the rows from g * Mh / Groups on.
// Latency from the last word of a vector to its first output word: 3 cycles and those of the dot product with Nf = 1,
// one more with Nf > 1; the further words follow every Sf cycles.
//
// MaxLevels is how many levels of logic, about, may lie between two registers. Fewer than 5 take a register behind a
// weight memory that may be block RAM, slow to give its word, and with 1-bit weights one in the midst of the dot product;
// each is a cycle of latency.
//
// Weights, $readmemh(InitFile): word r * Sf + sf, r below Mh / Pe, holds weight (p, s) = W[r * Pe + p][sf * Simd + s]
// at bit (p * Simd + s) * WeightBits. WeightBits 1: bit 1 is +1, bit 0 is -1; else two's complement (ternary: 2 bits).
//
// No adder, register or wire of a sum is wider than AccBits. With 1-bit weights z = 2 * (h + c) - s (binary_dot): h is a
// row's sum of halves, s that of the parities, once for all rows, and c = -(2^InBits - 1) for each pair of weights of -1,
// a constant of the row; h and c have AccBits - 1 bits. The Sf words of a row hold c above their weights, each
// E = ceil((AccBits - 1) / Sf) bits of it, for lane p at bit Pe * Simd + p * E, the lowest first; if Sf * E is more than
// AccBits - 1, the lowest ones are not used. With Simd 1 there are no pairs, and no bits for c.
// Other weights come in one of three ways (fpga/products.py chooses):
//
// Products "planes": bit by bit of the weight (wrap_dot).
// Products "ternary": -1, 0, 1 and a second zero, 2'b10 (digit_dot); every row has Negatives weights of -1 and zeros of
//   the second kind.
// Products "booth": by digits of radix 4 (digit_dot).
//
// StartFile, if not "", with any but 1-bit weights "planes": what rows start with instead of 0. Word r holds that of
// row r * Pe + p at bit p * AccBits. It makes up for digit_dot's constants where they differ.
module wrap_mvu #(
    parameter int unsigned Mw = 1,
    parameter int unsigned Mh = 1,
    parameter int unsigned Groups = 1,
    parameter int unsigned Simd = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned AccBits = 8,
    parameter string Products = "planes",
    parameter int unsigned Negatives = 0,
    parameter string StartFile = "",
    parameter string RomStyle = "auto",  // of the weights: "block", "distributed" or "auto"
    parameter string InitFile = "weights.hex",
    parameter int unsigned MaxLevels = 8
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
  if (Products != "planes" && Products != "ternary" && Products != "booth") begin : gen_check_products
    $error("wrap_mvu: Products is \"%s\", expected \"planes\", \"ternary\" or \"booth\"", Products);
  end
  if (AccBits < 2 || AccBits > 32) begin : gen_check_acc_bits
    $error("wrap_mvu: AccBits is %0d, expected 2 to 32", AccBits);
  end

  localparam int unsigned Sf = Mw / Simd;
  localparam int unsigned Nf = Mh / Groups / Pe;
  localparam int unsigned Depth = Sf * Nf * Groups;
  localparam int unsigned DepthBits = Depth > 1 ? $clog2(Depth) : 1;
  localparam int unsigned XBits = Simd * InBits;
  localparam int unsigned WBits = Pe * Simd * WeightBits;
  // A row's own sum: h for binary weights, z otherwise.
  localparam int unsigned SumBits = WeightBits == 1 ? AccBits - 1 : AccBits;
  // Bits of a row's constant in a word.
  localparam int unsigned PartBits = WeightBits == 1 && Simd > 1 ? (SumBits + Sf - 1) / Sf : 0;
  localparam int unsigned WordBits = WBits + Pe * PartBits;

  localparam bit Digits = Products != "planes";
  localparam bit Ternary = Products == "ternary";
  localparam bit Starts = StartFile != "";

  // What the dot products of a row add to it over a vector, taken away at the start.
  localparam logic [63:0] Most = (64'd1 << InBits) - 64'd1;
  localparam logic [63:0] Surplus = WeightBits == 1 || Starts ? 64'd0 :
      Digits ? 64'(Negatives) * Most : 64'(Mw) * Most << (WeightBits - 1);
  localparam logic [63:0] Start = -Surplus;

  localparam bit Short = MaxLevels < 5;
  localparam bit Late = Short && Depth > 1 && RomStyle != "distributed";  // a register behind the weights
  localparam bit Cut = Short && WeightBits == 1 && Simd > 1;

  // Registers of a dot product.
  localparam int unsigned Levels = WeightBits == 1 ? heap_pkg::binary_levels(Simd, InBits) + 32'(Cut) :
      Digits ? heap_pkg::digit_levels(Simd, InBits, WeightBits, Ternary) : heap_pkg::levels(Simd, InBits, WeightBits);

  // Step 1: a word leaves for step 2, where inputs and weights are registers. move: the pipeline advances; it stops
  // when a result finds the output occupied.
  logic [DepthBits-1:0] address;
  logic [XBits-1:0] x2_q;
  logic [WordBits-1:0] w2;
  logic valid2_q, last2_q;
  logic move, step, last, unused_last, present;

  assign step = move && present;

  index_counter #(
      .Count(Depth)
  ) i_address (
      .clk_i,
      .rst_ni,
      .step_i (step),
      .index_o(address),
      .last_o (unused_last)
  );

  always_ff @(posedge clk_i) begin
    if (move) last2_q <= last;
    if (!rst_ni) valid2_q <= 1'b0;
    else if (move) valid2_q <= present;
  end

  if (Nf == 1) begin : gen_through
    assign present = in_valid_i;
    assign in_ready_o = move;
    step_counter #(
        .Count(Sf)
    ) i_sf (
        .clk_i,
        .rst_ni,
        .step_i(step),
        .last_o(last)
    );
    always_ff @(posedge clk_i) if (move) x2_q <= in_data_i;
  end else begin : gen_replay
    logic take, final_pass;

    assign take = in_valid_i && in_ready_o;

    step_counter #(
        .Count(Nf)
    ) i_passes (
        .clk_i,
        .rst_ni,
        .step_i(step && last),
        .last_o(final_pass)
    );

    if (Sf == 1) begin : gen_word
      // x2_q keeps the vector; the next one waits in a register.
      logic [XBits-1:0] next_q;
      logic waiting_q, first_q;

      assign last = 1'b1;
      assign present = waiting_q || !first_q;
      assign in_ready_o = !waiting_q;

      always_ff @(posedge clk_i) begin
        if (in_ready_o) next_q <= in_data_i;
        if (move && first_q) x2_q <= next_q;
        if (!rst_ni) first_q <= 1'b1;
        else if (step) first_q <= final_pass;
        if (!rst_ni) waiting_q <= 1'b0;
        else if (take) waiting_q <= 1'b1;
        else if (step && first_q) waiting_q <= 1'b0;
      end
    end else begin : gen_vectors
      // Two vectors, word by word in turn. A vector is whole once its last word is taken, and its place free when its
      // last pass ends; one that is not whole yet can be in its first pass.
      localparam int unsigned SfBits = $clog2(Sf);
      localparam int unsigned Places = lfsr_pkg::places(2 * Sf);
      localparam bit Dense = Places == 2 * Sf;
      (* no_rw_check *) logic [XBits-1:0] memory[Places];
      logic [SfBits-1:0] sf, taken, latest_q;
      logic take_side_q, side_q, one_q, both_q, some_q;
      logic take_last, whole, leave;

      // some_q: of the vector that is not whole, a word has come that has not left; with a whole one it says nothing.
      assign leave = step && last && final_pass;
      assign whole = take && take_last;
      assign present = one_q || both_q || some_q;
      assign in_ready_o = !both_q;

      place_counter #(
          .Count(Sf),
          .Dense(Dense)
      ) i_sf (
          .clk_i,
          .rst_ni,
          .step_i (step),
          .place_o(sf),
          .last_o (last)
      );
      place_counter #(
          .Count(Sf),
          .Dense(Dense)
      ) i_taken (
          .clk_i,
          .rst_ni,
          .step_i (take),
          .place_o(taken),
          .last_o (take_last)
      );

      always_ff @(posedge clk_i) begin
        if (take) begin
          memory[{taken, take_side_q}] <= in_data_i;
          latest_q <= taken;
        end
        if (move) x2_q <= memory[{sf, side_q}];
        if (!rst_ni) begin
          take_side_q <= 1'b0;
          side_q <= 1'b0;
          one_q <= 1'b0;
          both_q <= 1'b0;
          some_q <= 1'b0;
        end else begin
          if (take) some_q <= 1'b1;
          else if (step) some_q <= latest_q != sf;
          take_side_q <= take_side_q ^ whole;
          side_q <= side_q ^ leave;
          one_q <= whole == leave ? one_q : whole ? !one_q : both_q;
          both_q <= whole == leave ? both_q : whole && one_q;
        end
      end
    end
  end

  weight_rom #(
      .Depth(Depth),
      .Width(WordBits),
      .RomStyle(RomStyle),
      .InitFile(InitFile)
  ) i_weights (
      .clk_i,
      .move_i(move),
      .address_i(address),
      .word_o(w2)
  );

  // The inputs and weights of the dot products, and whether they are some and a vector's last ones.
  logic [XBits-1:0] x;
  logic [WordBits-1:0] w;
  logic first_valid, first_last;

  if (Late) begin : gen_late
    always_ff @(posedge clk_i) begin
      if (move) begin
        x <= x2_q;
        w <= w2;
        first_last <= last2_q;
      end
      if (!rst_ni) first_valid <= 1'b0;
      else if (move) first_valid <= valid2_q;
    end
  end else begin : gen_at_once
    assign x = x2_q;
    assign w = w2;
    assign first_valid = valid2_q;
    assign first_last = last2_q;
  end

  // They as bit planes.
  logic [InBits-1:0][Simd-1:0] x_planes;
  logic [Pe-1:0][WeightBits-1:0][Simd-1:0] w_planes;

  for (genvar s = 0; s < Simd; s++) begin : gen_element
    for (genvar b = 0; b < InBits; b++) begin : gen_bit
      assign x_planes[b][s] = x[s*InBits+b];
    end
    for (genvar p = 0; p < Pe; p++) begin : gen_weight
      for (genvar b = 0; b < WeightBits; b++) begin : gen_bit
        assign w_planes[p][b][s] = w[(p*Simd+s)*WeightBits+b];
      end
    end
  end

  // Levels steps: dot products. Then accumulate; a vector's last sum is a register of its own. Last step: output.
  logic [Levels:0] valid_q, last_q;
  logic total_valid_q, out_valid_q;
  logic [Pe*AccBits-1:0] result, out_q;

  assign move = !(total_valid_q && out_valid_q && !out_ready_i);
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  assign valid_q[0] = first_valid;
  assign last_q[0]  = first_last;
  for (genvar l = 0; l < Levels; l++) begin : gen_step
    always_ff @(posedge clk_i) begin
      if (move) last_q[l+1] <= last_q[l];
      if (!rst_ni) valid_q[l+1] <= 1'b0;
      else if (move) valid_q[l+1] <= valid_q[l];
    end
  end

  always_ff @(posedge clk_i) begin
    if (move && total_valid_q) out_q <= result;
    if (!rst_ni) begin
      total_valid_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      if (move) total_valid_q <= valid_q[Levels] && last_q[Levels];
      if (move && total_valid_q) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end

  // What rows start with, beside their first term.
  logic [Pe-1:0][SumBits-1:0] start;

  if (Starts) begin : gen_starts
    localparam int unsigned Rows = Nf * Groups;
    localparam int unsigned RowBits = Rows > 1 ? $clog2(Rows) : 1;
    logic [RowBits-1:0] row;
    logic first, unused_row;

    index_counter #(
        .Count(Rows)
    ) i_rows (
        .clk_i,
        .rst_ni,
        .step_i (move && valid_q[Levels] && last_q[Levels]),
        .index_o(row),
        .last_o (unused_row)
    );

    if (Sf == 1) begin : gen_single
      assign first = 1'b1;
    end else begin : gen_several
      logic first_q;
      always_ff @(posedge clk_i) begin
        if (!rst_ni) first_q <= 1'b1;
        else if (move && valid_q[Levels]) first_q <= last_q[Levels];
      end
      assign first = first_q;
    end
    start_rom #(
        .Rows(Rows),
        .Width(Pe * SumBits),
        .InitFile(StartFile)
    ) i_starts (
        .row_i  (row),
        .first_i(first),
        .start_o(start)
    );
  end else begin : gen_no_starts
    assign start = '0;
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_row
    logic [1:0][SumBits-1:0] dot;
    logic [SumBits-1:0] sum, total_q;
    if (WeightBits == 1) begin : gen_binary
      binary_dot #(
          .Simd(Simd),
          .InBits(InBits),
          .SumBits(SumBits),
          .Cut(Cut)
      ) i_dot (
          .clk_i,
          .move_i(move),
          .x_i(x_planes),
          .w_i(w_planes[p]),
          .rows_o(dot)
      );
    end else if (Digits) begin : gen_digits
      digit_dot #(
          .Simd(Simd),
          .InBits(InBits),
          .WeightBits(WeightBits),
          .Ternary(Ternary),
          .SumBits(SumBits)
      ) i_dot (
          .clk_i,
          .move_i(move),
          .x_i(x_planes),
          .w_i(w_planes[p]),
          .rows_o(dot)
      );
    end else begin : gen_wide
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
          .rows_o(dot)
      );
    end
    wrap_accumulate #(
        .Bits(SumBits),
        .Single(Sf == 1),
        .Start(SumBits'(Start))
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid_q[Levels]),
        .last_i(last_q[Levels]),
        .terms_i(dot),
        .start_i(start[p]),
        .sum_o(sum)
    );
    always_ff @(posedge clk_i) if (move) total_q <= sum;
  end

  if (WeightBits == 1) begin : gen_binary
    logic [1:0][AccBits-1:0] dot;
    logic [AccBits-1:0] sum, parities_q;

    binary_dot #(
        .Simd(Simd),
        .InBits(InBits),
        .SumBits(AccBits),
        .All(1'b1),
        .Cut(Cut)
    ) i_all (
        .clk_i,
        .move_i(move),
        .x_i(x_planes),
        .w_i('1),
        .rows_o(dot)
    );
    wrap_accumulate #(
        .Bits(AccBits),
        .Single(Sf == 1)
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid_q[Levels]),
        .last_i(last_q[Levels]),
        .terms_i(dot),
        .start_i('0),
        .sum_o(sum)
    );
    always_ff @(posedge clk_i) if (move) parities_q <= sum;

    // 2 * (h + c) - s in two parts: the lowest bit is that of s, the others are h + c - ceil(s / 2), where
    // -ceil(s / 2) = ~floor(s / 2) + (s is even).
    for (genvar p = 0; p < Pe; p++) begin : gen_result
      logic [SumBits-1:0] upper, constant;
      logic unused;

      if (PartBits == 0) begin : gen_none
        assign constant = '0;
      end else begin : gen_constant
        // Its bits come beside the words of the weights, the lowest first.
        logic [Levels:0][PartBits-1:0] part_q;
        logic [SumBits-1:0] constant_q;
        assign part_q[0] = w[WBits+p*PartBits+:PartBits];
        for (genvar l = 0; l < Levels; l++) begin : gen_step
          always_ff @(posedge clk_i) if (move) part_q[l+1] <= part_q[l];
        end
        always_ff @(posedge clk_i) begin
          if (move && valid_q[Levels]) begin
            constant_q <= SumBits'({part_q[Levels], constant_q} >> PartBits);
          end
        end
        assign constant = constant_q;
      end
      sum_three #(
          .Width (SumBits),
          .Invert({SumBits'(0), {SumBits{1'b1}}, SumBits'(0)}),
          .InvertIn(2'b10)
      ) i_result (
          .bits_i({constant, parities_q[AccBits-1:1], gen_row[p].total_q}),
          .carries_i({parities_q[0], 1'b0}),
          .sum_o(upper),
          .carry_o(unused)
      );
      assign result[p*AccBits+:AccBits] = {upper, parities_q[0]};
    end
  end else begin : gen_plain
    for (genvar p = 0; p < Pe; p++) begin : gen_result
      assign result[p*AccBits+:AccBits] = gen_row[p].total_q;
    end
  end
endmodule
