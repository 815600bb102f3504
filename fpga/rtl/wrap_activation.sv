// SPDX-License-Identifier: BSD-3-Clause
//
// Fold and staircase: f = fold(m), then the number of thresholds that f reaches, OutBits unsigned bits a lane.
//
// A pixel is Ch / Pe words of Pe lanes; lane p of word cf is channel cf * Pe + p. Fold 0: f = m, signed or not
// (InSigned). Shared: every channel has the same thresholds, and the memory is that of one channel.
//
// Style "search": g = flip ? ~f : f, out = #{i : g >= t_i} over the 2^OutBits - 1 ascending signed thresholds of the
//   channel, found bit by bit. Latency OutBits + 1; 2 * OutBits where MaxLevels, of logic between two registers, is so
//   few that a threshold cannot be read and compared with in one cycle.
//   Memory of lane p, file <InitFile>_<p>.hex: words of ThresholdBits, word cf * 2^OutBits + i is t_i for i >= 1 and
//   the flip bit (bit 0) for i = 0.
// Style "table": out = table[m]. Latency 1.
//   Memory of lane p, file <InitFile>_<p>.hex: words of OutBits, word cf * 2^InBits + m (m as a bit pattern); Fold,
//   InSigned and ThresholdBits have no effect, the table holds them.
// Style "interval", OutBits 1 and Fold 2^t - 1, not 0: the same result by a threshold for either side of the fold's
//   corner. Latency 1.
//   Memory of lane p, file <InitFile>_<p>.hex: words of InBits + 1, word cf * 2 the inner side's and word cf * 2 + 1 the
//   outer one's: the pattern of m that the output steps at (on the inner side with its sign bit inverted), and above it
//   whether the output is 1 before that, in place of from there on. ThresholdBits has no effect.
// With Shared every lane reads <InitFile>_0.hex, and cf is 0 throughout. fpga/rtl_memory.py writes the files.
//
// One word a cycle. It does not check that thresholds ascend.
module wrap_activation #(
    parameter int unsigned Ch = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned InBits = 8,
    parameter bit InSigned = 1'b1,
    parameter int unsigned Fold = 0,
    parameter int unsigned OutBits = 2,
    parameter int unsigned ThresholdBits = 8,
    parameter bit Shared = 1'b0,
    parameter string Style = "search",
    parameter string InitFile = "activation",
    parameter int unsigned MaxLevels = 8
) (
    input  logic                  clk_i,
    input  logic                  rst_ni,
    input  logic [ Pe*InBits-1:0] in_data_i,
    input  logic                  in_valid_i,
    output logic                  in_ready_o,
    output logic [Pe*OutBits-1:0] out_data_o,
    output logic                  out_valid_o,
    input  logic                  out_ready_i
);
  if (Pe < 1 || Ch % Pe != 0) begin : gen_check_pe
    $error("wrap_activation: Pe = %0d does not divide Ch = %0d", Pe, Ch);
  end
  if (OutBits < 1 || OutBits > 16) begin : gen_check_out_bits
    $error("wrap_activation: OutBits is %0d, expected 1 to 16", OutBits);
  end
  if (Style != "search" && Style != "table" && Style != "interval") begin : gen_check_style
    $error("wrap_activation: Style is \"%s\", expected \"search\", \"table\" or \"interval\"", Style);
  end
  if (Style == "interval" && OutBits != 1) begin : gen_check_interval
    $error("wrap_activation: OutBits is %0d, expected 1 for Style \"interval\"", OutBits);
  end
  if (Fold != 0 && !InSigned) begin : gen_check_fold
    $error("wrap_activation: Fold = %0d needs a signed input", Fold);
  end

  localparam int unsigned Words = Shared ? 1 : Ch / Pe;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;
  // Levels as Yosys makes them of the last step's thresholds, a LUT for 64; the comparison takes two more.
  localparam int unsigned Thresholds = Words << (OutBits - 1);
  localparam int unsigned ReadLevels = Thresholds > 512 ? 5 : Thresholds > 128 ? 4 : Thresholds > 64 ? 2 : 1;
  localparam bit Split = Style == "search" && MaxLevels < 2 + ReadLevels;
  localparam int unsigned Latency = Style != "search" ? 1 : Split ? 2 * OutBits : OutBits + 1;

  logic [WordBits-1:0] word;
  logic [Latency-1:0] valid_q;
  logic move, unused;

  assign move = !out_valid_o || out_ready_i;
  assign in_ready_o = move;
  assign out_valid_o = valid_q[Latency-1];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= '0;
    else if (move) valid_q <= Latency'({valid_q, in_valid_i});
  end

  index_counter #(
      .Count(Words)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i (move && in_valid_i),
      .index_o(word),
      .last_o (unused)
  );

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    if (Style == "table") begin : gen_table
      table_lane #(
          .Words(Words),
          .InBits(InBits),
          .OutBits(OutBits),
          .InitFile(InitFile),
          .Lane(Shared ? 0 : p)
      ) i_lane (
          .clk_i,
          .move_i(move),
          .word_i(word),
          .m_i(in_data_i[p*InBits+:InBits]),
          .out_o(out_data_o[p*OutBits+:OutBits])
      );
    end else if (Style == "interval") begin : gen_interval
      interval_lane #(
          .Words(Words),
          .InBits(InBits),
          .Fold(Fold),
          .InitFile(InitFile),
          .Lane(Shared ? 0 : p)
      ) i_lane (
          .clk_i,
          .move_i(move),
          .word_i(word),
          .m_i(in_data_i[p*InBits+:InBits]),
          .out_o(out_data_o[p])
      );
    end else begin : gen_search
      search_lane #(
          .Words(Words),
          .InBits(InBits),
          .InSigned(InSigned),
          .Fold(Fold),
          .OutBits(OutBits),
          .ThresholdBits(ThresholdBits),
          .InitFile(InitFile),
          .Lane(Shared ? 0 : p),
          .Split(Split)
      ) i_lane (
          .clk_i,
          .move_i(move),
          .word_i(word),
          .m_i(in_data_i[p*InBits+:InBits]),
          .out_o(out_data_o[p*OutBits+:OutBits])
      );
    end
  end
endmodule
