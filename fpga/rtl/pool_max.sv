// SPDX-License-Identifier: BSD-3-Clause
//
// Max pooling whose windows tile the image: kernel Kh x Kw, stride the same, no padding. Unsigned, lane by lane.
//
// In: an image's pixels row by row, each Ch / Pe words. Out: the pixels of the pooled image likewise; rows and columns
// that fill no window are read and left out. It keeps a row of maxima, no window: each word is compared once.
// One word a cycle in, latency 1 from the word that completes a window. Windows that overlap are window_max's, behind
// a sliding window.
//
// The maxima are read in the cycle in which they are compared: they lie in LUT RAM. pool_ahead's may lie in block RAM.
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
  localparam int unsigned Cf = Ch / Pe;
  localparam int unsigned CBits = Cf > 1 ? $clog2(Cf) : 1;
  localparam int unsigned ABits = Across > 1 ? $clog2(Across) : 1;
  localparam int unsigned Stride = Cf > 1 ? 1 << CBits : 1;  // of a window's words in the row of maxima
  localparam int unsigned Words = (Across - 1) * Stride + Cf;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;

  (* ram_style = "distributed", no_rw_check *) logic [Pe*Bits-1:0] maxima[Words];
  logic [Pe*Bits-1:0] held, best, out_q;
  logic [WordBits-1:0] place;
  logic [CBits-1:0] c;
  logic [ABits-1:0] across;
  // Of the word that comes next: is its pixel the first or last of a window's row, or the last of the image's; its row
  // likewise of a window or the image?
  logic pixel, left_q, right, row, top_q, bottom, frame;
  logic complete, step, step_pixel, step_row, out_valid_q;

  assign complete = right && bottom;
  assign in_ready_o = !(complete && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
  assign step_pixel = step && pixel;
  assign step_row = step_pixel && row;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;
  assign place = Cf == 1 ? WordBits'(across) : WordBits'({across, c});
  assign held = maxima[place];

  index_counter #(
      .Count(Cf)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i (step),
      .index_o(c),
      .last_o (pixel)
  );

  stride_counter #(
      .First (Kw),
      .Stride(Kw)
  ) i_right (
      .clk_i,
      .rst_ni,
      .step_i   (step_pixel),
      .restart_i(row),
      .due_o    (right)
  );
  stride_counter #(
      .First (Kh),
      .Stride(Kh)
  ) i_bottom (
      .clk_i,
      .rst_ni,
      .step_i   (step_row),
      .restart_i(frame),
      .due_o    (bottom)
  );

  // Where windows fill the rows, a row ends with its last window, and likewise an image.
  if (Columns % Kw == 0) begin : gen_full_rows
    logic across_last;
    assign row = right && across_last;
    index_counter #(
        .Count(Across)
    ) i_across (
        .clk_i,
        .rst_ni,
        .step_i (step_pixel && right),
        .index_o(across),
        .last_o (across_last)
    );
  end else begin : gen_columns
    logic [ABits-1:0] across_q;
    assign across = across_q;
    step_counter #(
        .Count(Columns)
    ) i_columns (
        .clk_i,
        .rst_ni,
        .step_i(step_pixel),
        .last_o(row)
    );
    always_ff @(posedge clk_i) begin
      if (!rst_ni || step_row) across_q <= '0;
      else if (step_pixel) across_q <= across_q + ABits'(right);
    end
  end

  if (Height % Kh == 0) begin : gen_full_columns
    assign frame = 1'b0;
  end else begin : gen_rows
    step_counter #(
        .Count(Height)
    ) i_rows (
        .clk_i,
        .rst_ni,
        .step_i(step_row),
        .last_o(frame)
    );
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [Bits-1:0] given, kept;
    assign given = in_data_i[p*Bits+:Bits];
    assign kept = held[p*Bits+:Bits];
    assign best[p*Bits+:Bits] = (left_q && top_q) || given > kept ? given : kept;
  end

  always_ff @(posedge clk_i) begin
    if (step) maxima[place] <= best;
    if (step && complete) out_q <= best;
    if (!rst_ni) begin
      left_q <= 1'b1;
      top_q <= 1'b1;
      out_valid_q <= 1'b0;
    end else begin
      if (step_pixel) left_q <= right || row;
      if (step_row) top_q <= bottom || frame;
      if (step && complete) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
