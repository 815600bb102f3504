// SPDX-License-Identifier: BSD-3-Clause
//
// One lane of wrap_activation, Style "search": fold, then a binary search over the channel's thresholds, one output
// bit a cycle, the highest first. Latency OutBits + 1, with Split 2 * OutBits: then a threshold is read in one cycle and
// compared with in the next. The enclosing cell counts words and moves the pipeline.
//
// Stage j has found the j highest bits; the threshold it compares with is word {channel, those bits, 1, 0...} of the
// memory, so that each stage reads only the 2^j words that its address can reach.
module search_lane #(
    parameter int unsigned Words = 1,
    parameter int unsigned InBits = 8,
    parameter bit InSigned = 1'b1,
    parameter int unsigned Fold = 0,
    parameter int unsigned OutBits = 2,
    parameter int unsigned ThresholdBits = 8,
    parameter string InitFile = "activation",
    parameter int unsigned Lane = 0,
    parameter bit Split = 1'b0,
    localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1
) (
    input  logic                clk_i,
    input  logic                move_i,
    input  logic [WordBits-1:0] word_i,
    input  logic [  InBits-1:0] m_i,
    output logic [ OutBits-1:0] out_o
);
  localparam int unsigned ValueBits = InSigned ? InBits : InBits + 1;
  localparam int unsigned CompareBits = ValueBits > ThresholdBits ? ValueBits : ThresholdBits;
  localparam int unsigned AddressBits = OutBits + $clog2(Words);

  if (ThresholdBits < 1 || ThresholdBits > 33) begin : gen_check_threshold_bits
    $error("search_lane: ThresholdBits is %0d, expected 1 to 33", ThresholdBits);
  end

  logic [ThresholdBits-1:0] memory[Words << OutBits];

  initial $readmemh($sformatf("%s_%0d.hex", InitFile, Lane), memory);

  // g, the channel and the bits found so far, before each stage. With Split, f is there before the first one.
  logic signed [ValueBits-1:0] g_q[OutBits];
  logic [WordBits-1:0] word_q[OutBits];
  logic [OutBits-1:0] found_q[OutBits+1];

  logic [ValueBits-1:0] f;
  logic flip, flip_q;

  if (Fold != 0) begin : gen_fold
    fold_value #(
        .Bits(InBits),
        .Fold(Fold)
    ) i_fold (
        .m_i,
        .f_o(f)
    );
  end else if (InSigned) begin : gen_signed
    assign f = m_i;
  end else begin : gen_unsigned
    assign f = {1'b0, m_i};
  end

  assign flip = memory[AddressBits'({word_i, {OutBits{1'b0}}})][0];

  if (Split) begin : gen_flip_late
    logic [ValueBits-1:0] f_q;
    always_ff @(posedge clk_i) begin
      if (move_i) begin
        f_q <= f;
        flip_q <= flip;
      end
    end
    assign g_q[0] = signed'(f_q ^ {ValueBits{flip_q}});
  end else begin : gen_flip
    assign flip_q = flip;
    always_ff @(posedge clk_i) if (move_i) g_q[0] <= signed'(f ^ {ValueBits{flip_q}});
  end
  always_ff @(posedge clk_i) if (move_i) word_q[0] <= word_i;
  assign found_q[0] = '0;

  for (genvar j = 0; j < OutBits; j++) begin : gen_stage
    localparam logic [OutBits-1:0] Bit = OutBits'(1 << (OutBits - 1 - j));
    logic [OutBits-1:0] found, compared;
    logic signed [ThresholdBits-1:0] threshold, limit;
    logic signed [ValueBits-1:0] g;
    logic [WordBits-1:0] word;
    logic reached;

    // Only the bits above Bit can be set: the rest of the address is constant.
    assign found = (found_q[j] & ~((Bit << 1) - 1'b1)) | Bit;
    assign threshold = signed'(memory[AddressBits'({j == 0 && Split ? word_i : word_q[j], found})]);
    assign reached = CompareBits'(g) >= CompareBits'(limit);

    if (!Split) begin : gen_at_once
      assign limit = threshold;
      assign compared = found;
      assign g = g_q[j];
      assign word = word_q[j];
    end else if (j == 0) begin : gen_first
      // It depends on the channel alone, and is read beside the fold.
      always_ff @(posedge clk_i) if (move_i) limit <= threshold;
      assign compared = found;
      assign g = g_q[j];
      assign word = word_q[j];
    end else begin : gen_split
      always_ff @(posedge clk_i) begin
        if (move_i) begin
          limit <= threshold;
          compared <= found;
          g <= g_q[j];
          word <= word_q[j];
        end
      end
    end

    always_ff @(posedge clk_i) if (move_i) found_q[j+1] <= reached ? compared : compared & ~Bit;

    if (j + 1 < OutBits) begin : gen_next
      always_ff @(posedge clk_i) begin
        if (move_i) begin
          g_q[j+1] <= g;
          word_q[j+1] <= word;
        end
      end
    end else begin : gen_last
      logic unused;
      assign unused = ^word;
    end
  end

  assign out_o = found_q[OutBits];
endmodule
