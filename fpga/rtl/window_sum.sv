// SPDX-License-Identifier: BSD-3-Clause
//
// Sum of Pixels pixels, channel by channel: global average pooling without its division.
//
// In: for each pixel, Ch / Pe words of Pe unsigned lanes. Out: Ch / Pe words of OutBits unsigned bits a lane for each
// Pixels pixels; OutBits must hold the greatest sum. One word a cycle in, latency 1 from the last pixel's words.
module window_sum #(
    parameter int unsigned Ch = 1,
    parameter int unsigned Pe = 1,
    parameter int unsigned Pixels = 4,
    parameter int unsigned InBits = 4,
    parameter int unsigned OutBits = 6
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
    $error("window_sum: Pe = %0d does not divide Ch = %0d", Pe, Ch);
  end
  if (Pixels < 1) begin : gen_check_pixels
    $error("window_sum: Pixels is %0d, expected at least 1", Pixels);
  end
  if (InBits < 1 || InBits > 16 || OutBits < InBits || OutBits > 32) begin : gen_check_in_bits
    $error("window_sum: InBits = %0d, expected 1 to 16; OutBits = %0d, expected InBits to 32", InBits, OutBits);
  end
  if (64'(Pixels) * ((64'd1 << InBits) - 64'd1) >= (64'd1 << OutBits)) begin : gen_check_out_bits
    $error("window_sum: OutBits = %0d cannot hold the sum of %0d values of %0d bits", OutBits, Pixels, InBits);
  end

  localparam int unsigned Words = Ch / Pe;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;

  logic [WordBits-1:0] word;
  logic first_q, last, last_word, step, out_valid_q;
  logic [Pe*OutBits-1:0] held, sums, out_q;
  (* ram_style = "distributed", no_rw_check *) logic [Pe*OutBits-1:0] memory[Words];

  assign in_ready_o = !(last && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;
  assign held = memory[word];

  index_counter #(
      .Count(Words)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i (step),
      .index_o(word),
      .last_o (last_word)
  );
  step_counter #(
      .Count(Pixels)
  ) i_pixels (
      .clk_i,
      .rst_ni,
      .step_i(step && last_word),
      .last_o(last)
  );

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    assign sums[p*OutBits+:OutBits] =
        (first_q ? '0 : held[p*OutBits+:OutBits]) + OutBits'(in_data_i[p*InBits+:InBits]);
  end

  always_ff @(posedge clk_i) begin
    if (step) memory[word] <= sums;
    if (step && last) out_q <= sums;
    if (!rst_ni) begin
      first_q <= 1'b1;
      out_valid_q <= 1'b0;
    end else begin
      if (step && last_word) first_q <= last;
      if (step && last) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
