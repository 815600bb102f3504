// SPDX-License-Identifier: BSD-3-Clause
//
// Vector-vector unit (depthwise convolution): y[c] = sum over k of W[c][k] * x[c][k], mod 2^AccBits, W built in.
//
// In: for each pixel, for each of Cf = Ch / Pe channel words, the K words of its window (a depthwise sliding window's
// order); lane p of word cf is channel cf * Pe + p, unsigned. Out: one word of Pe sums (AccBits bits, two's complement,
// not folded) for K. One word a cycle in; latency from the last of the K: 3 with 1-bit weights, else 2 and that of
// wrap_dot. MaxLevels is how many levels of logic, about, may lie between two registers; fewer than 5 take one cycle more,
// for a register behind a weight memory that may be block RAM.
//
// Weights, $readmemh(InitFile): word cf * K + k holds W[cf * Pe + p][k] at bit p * WeightBits. WeightBits 1: bit 1 is
// +1, bit 0 is -1; else two's complement (ternary: 2 bits).
// No adder, register or wire of a sum is wider than AccBits.
module wrap_vvu #(
    parameter int unsigned Ch = 1,
    parameter int unsigned K = 9,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 2,
    parameter int unsigned WeightBits = 1,
    parameter int unsigned AccBits = 8,
    parameter string RomStyle = "auto",  // of the weights: "block", "distributed" or "auto"
    parameter string InitFile = "weights.hex",
    parameter int unsigned MaxLevels = 8
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic [ Pe*InBits-1:0] in_data_i,
    input  logic                  in_valid_i,
    output logic                  in_ready_o,
    output logic [Pe*AccBits-1:0] out_data_o,
    output logic                  out_valid_o,
    input  logic                  out_ready_i
);
  if (Pe < 1 || Ch % Pe != 0) begin : gen_check_pe
    $error("wrap_vvu: Pe = %0d does not divide Ch = %0d", Pe, Ch);
  end
  if (K < 1) begin : gen_check_k
    $error("wrap_vvu: K is %0d, expected at least 1", K);
  end
  if (InBits < 1 || InBits > 16) begin : gen_check_in_bits
    $error("wrap_vvu: InBits is %0d, expected 1 to 16", InBits);
  end
  if (WeightBits < 1 || WeightBits > 16) begin : gen_check_weight_bits
    $error("wrap_vvu: WeightBits is %0d, expected 1 to 16", WeightBits);
  end
  if (AccBits < 2 || AccBits > 32) begin : gen_check_acc_bits
    $error("wrap_vvu: AccBits is %0d, expected 2 to 32", AccBits);
  end

  localparam int unsigned Depth = Ch / Pe * K;
  localparam int unsigned DepthBits = Depth > 1 ? $clog2(Depth) : 1;

  // What wrap_dot adds K times over a window, taken away at the start.
  localparam logic [63:0] Surplus = WeightBits == 1 ? 64'd0 : 64'(K) * ((64'd1 << InBits) - 64'd1) << (WeightBits - 1);
  localparam logic [63:0] Start = -Surplus;
  // Steps from an input register to its product's.
  localparam bit Late = MaxLevels < 5 && Depth > 1 && RomStyle != "distributed";
  localparam int unsigned Steps = 32'(Late) + (WeightBits == 1 ? 1 : heap_pkg::levels(1, InBits, WeightBits));

  // Step 1: inputs and weights. Then products, then sums, to the output register with the last of the K.
  logic [DepthBits-1:0] address;
  logic [Pe*InBits-1:0] x1_q, x;
  logic [Pe*WeightBits-1:0] w1, w;
  logic [Pe*AccBits-1:0] sums, out_q;
  logic [Steps:0] valid_q, last_q;
  logic last, unused_last, move, step, complete, out_valid_q;

  assign complete = valid_q[Steps] && last_q[Steps];
  assign move = !(complete && out_valid_q && !out_ready_i);
  assign step = move && in_valid_i;
  assign in_ready_o = move;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  step_counter #(
      .Count(K)
  ) i_k (
      .clk_i,
      .rst_ni,
      .step_i(step),
      .last_o(last)
  );
  index_counter #(
      .Count(Depth)
  ) i_address (
      .clk_i,
      .rst_ni,
      .step_i (step),
      .index_o(address),
      .last_o (unused_last)
  );
  weight_rom #(
      .Depth(Depth),
      .Width(Pe * WeightBits),
      .RomStyle(RomStyle),
      .InitFile(InitFile)
  ) i_weights (
      .clk_i,
      .move_i(move),
      .address_i(address),
      .word_o(w1)
  );

  if (Late) begin : gen_late
    always_ff @(posedge clk_i) begin
      if (move) begin
        x <= x1_q;
        w <= w1;
      end
    end
  end else begin : gen_at_once
    assign x = x1_q;
    assign w = w1;
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [1:0][AccBits-1:0] product;
    if (WeightBits == 1) begin : gen_binary
      logic [AccBits-1:0] wide;
      assign product[1] = '0;
      assign wide = AccBits'(x[p*InBits+:InBits]);
      always_ff @(posedge clk_i) if (move) product[0] <= w[p] ? wide : -wide;
    end else begin : gen_wide
      wrap_dot #(
          .Simd(1),
          .InBits(InBits),
          .WeightBits(WeightBits),
          .SumBits(AccBits)
      ) i_dot (
          .clk_i,
          .move_i(move),
          .x_i(x[p*InBits+:InBits]),
          .w_i(w[p*WeightBits+:WeightBits]),
          .rows_o(product)
      );
    end
    wrap_accumulate #(
        .Bits(AccBits),
        .Single(K == 1),
        .Start(AccBits'(Start))
    ) i_accumulate (
        .clk_i,
        .rst_ni,
        .move_i(move),
        .valid_i(valid_q[Steps]),
        .last_i(last_q[Steps]),
        .terms_i(product),
        .start_i('0),
        .sum_o(sums[p*AccBits+:AccBits])
    );
  end

  always_ff @(posedge clk_i) begin
    if (move) begin
      x1_q   <= in_data_i;
      last_q <= {last_q[Steps-1:0], last};
    end
    if (move && complete) out_q <= sums;
    if (!rst_ni) begin
      valid_q <= '0;
      out_valid_q <= 1'b0;
    end else begin
      if (move) valid_q <= {valid_q[Steps-1:0], in_valid_i};
      if (move && complete) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
