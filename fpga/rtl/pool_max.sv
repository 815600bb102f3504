// SPDX-License-Identifier: BSD-3-Clause
//
// Max pooling whose windows tile the image: kernel Kh x Kw, stride the same, no padding. Unsigned, lane by lane.
//
// In: an image's pixels row by row, each Ch / Pe words. Out: the pixels of the pooled image likewise; rows and columns
// that fill no window are read and left out. It keeps a row of maxima, no window: each word is compared once.
// One word a cycle in, latency 1 from the word that completes a window. Windows that overlap are window_max's, behind
// a sliding window.
module pool_max #(
    parameter int unsigned Height = 2,
    parameter int unsigned Columns = 2,
    parameter int unsigned Kh = 2,
    parameter int unsigned Kw = 2,
    parameter int unsigned Ch = 1,
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
    $error("pool_max: Pe = %0d does not divide Ch = %0d", Pe, Ch);
  end
  if (Kh < 1 || Kw < 1 || Kh > Height || Kw > Columns) begin : gen_check_kernel
    $error("pool_max: the kernel is %0d x %0d, expected 1 x 1 to %0d x %0d", Kh, Kw, Height, Columns);
  end
  if (Bits < 1) begin : gen_check_bits
    $error("pool_max: Bits is %0d, expected at least 1", Bits);
  end

  // Windows, the last of them perhaps incomplete, and the words of a pixel.
  localparam int unsigned Across = (Columns + Kw - 1) / Kw;
  localparam int unsigned Down = (Height + Kh - 1) / Kh;
  localparam int unsigned Cf = Ch / Pe;
  localparam int unsigned CBits = Cf > 1 ? $clog2(Cf) : 1;
  localparam int unsigned ABits = Across > 1 ? $clog2(Across) : 1;
  localparam int unsigned DBits = Down > 1 ? $clog2(Down) : 1;
  localparam int unsigned XBits = Kw > 1 ? $clog2(Kw) : 1;
  localparam int unsigned YBits = Kh > 1 ? $clog2(Kh) : 1;
  localparam int unsigned Stride = Cf > 1 ? 1 << CBits : 1;  // of a window's words in the row of maxima
  localparam int unsigned Words = (Across - 1) * Stride + Cf;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;

  // Word of the pixel; column and row within the window; window across and down.
  logic [CBits-1:0] c_q, c_d;
  logic [XBits-1:0] x_q;
  logic [YBits-1:0] y_q;
  logic [ABits-1:0] across_q, across_d;
  logic [DBits-1:0] down_q;
  logic pixel, side, row, bottom, frame, first, complete, step, out_valid_q;
  // held_q: the maximum so far of the window and channels that come next.
  (* no_rw_check *) logic [Pe*Bits-1:0] maxima[Words];
  logic [Pe*Bits-1:0] held_q, best, out_q;
  logic [WordBits-1:0] now, next;

  assign pixel = c_q == CBits'(Cf - 1);
  assign row = pixel && across_q == ABits'(Across - 1) && x_q == XBits'((Columns - 1) % Kw);
  assign side = pixel && x_q == XBits'(Kw - 1);
  assign frame = row && down_q == DBits'(Down - 1) && y_q == YBits'((Height - 1) % Kh);
  assign bottom = row && y_q == YBits'(Kh - 1);
  assign first = x_q == '0 && y_q == '0;
  assign complete = x_q == XBits'(Kw - 1) && y_q == YBits'(Kh - 1);
  assign c_d = pixel ? '0 : c_q + 1'b1;
  assign across_d = row ? '0 : across_q + ABits'(side);

  assign in_ready_o = !(complete && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  if (Cf == 1) begin : gen_whole_pixels
    assign now  = WordBits'(across_q);
    assign next = WordBits'(across_d);
  end else begin : gen_split_pixels
    assign now  = WordBits'({across_q, c_q});
    assign next = WordBits'({across_d, c_d});
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [Bits-1:0] given, held;
    assign given = in_data_i[p*Bits+:Bits];
    assign held = held_q[p*Bits+:Bits];
    assign best[p*Bits+:Bits] = first || given > held ? given : held;
  end

  always_ff @(posedge clk_i) begin
    if (step) maxima[now] <= best;
    if (step) held_q <= Words == 1 || (Cf == 1 && !side && !row) ? best : maxima[next];
    if (step && complete) out_q <= best;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      c_q <= '0;
      x_q <= '0;
      y_q <= '0;
      across_q <= '0;
      down_q <= '0;
      out_valid_q <= 1'b0;
    end else begin
      if (step) begin
        c_q <= c_d;
        across_q <= across_d;
        if (pixel) x_q <= side || row ? '0 : x_q + 1'b1;
        if (row) y_q <= bottom || frame ? '0 : y_q + 1'b1;
        if (row && (bottom || frame)) down_q <= frame ? '0 : down_q + 1'b1;
      end
      if (step && complete) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
