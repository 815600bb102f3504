// SPDX-License-Identifier: BSD-3-Clause
//
// Greatest of K unsigned words, lane by lane: max pooling behind a depthwise sliding window.
//
// In: for each pixel, for each of Ch / Pe channel words, the K words of its window. Out: one word for K. One word a
// cycle in, latency 1 from the last of the K. It does not cut windows: the sliding window generator does.
module window_max #(
    parameter int unsigned Ch = 1,
    parameter int unsigned K = 4,
    parameter int unsigned Pe = 1,
    parameter int unsigned Bits = 4
) (
    input  logic               clk_i,
    input  logic               rst_ni,
    input  logic [Pe*Bits-1:0] in_data_i,
    input  logic               in_valid_i,
    output logic               in_ready_o,
    output logic [Pe*Bits-1:0] out_data_o,
    output logic               out_valid_o,
    input  logic               out_ready_i
);
  if (Pe < 1 || Ch % Pe != 0) begin : gen_check_pe
    $error("window_max: Pe = %0d does not divide Ch = %0d", Pe, Ch);
  end
  if (K < 1) begin : gen_check_k
    $error("window_max: K is %0d, expected at least 1", K);
  end
  if (Bits < 1) begin : gen_check_bits
    $error("window_max: Bits is %0d, expected at least 1", Bits);
  end

  logic last, step, out_valid_q;
  // best_q is 0, the least value, before the first word of a window.
  logic [Pe*Bits-1:0] best_q, best, out_q;

  assign in_ready_o = !(last && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
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

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [Bits-1:0] now, held;
    assign now = in_data_i[p*Bits+:Bits];
    assign held = best_q[p*Bits+:Bits];
    assign best[p*Bits+:Bits] = now > held ? now : held;
  end

  always_ff @(posedge clk_i) begin
    if (step && last) out_q <= best;
    if (!rst_ni || (step && last)) best_q <= '0;
    else if (step) best_q <= best;
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (step && last) out_valid_q <= 1'b1;
    else if (out_ready_i) out_valid_q <= 1'b0;
  end
endmodule
