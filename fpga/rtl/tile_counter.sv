// SPDX-License-Identifier: BSD-3-Clause
//
// Where the words of an image lie, pixels row by row and each Cf words, in windows of Kh x Kw that tile it. Of the word
// of the next step: place_o is its place in a row of windows, each window's from a power of two on in the order of a
// place_counter; first_o and complete_o: a window begins, or is complete with it; stays_o: the word behind it has the same
// place.
//
// Rows and columns at the end that fill no window are counted like those of one, but complete none.
module tile_counter #(
    parameter int unsigned Height = 2,
    parameter int unsigned Columns = 2,
    parameter int unsigned Kh = 2,
    parameter int unsigned Kw = 2,
    parameter int unsigned Cf = 1,
    // Windows in a row, the last of them perhaps incomplete, and the places from one to the next.
    localparam int unsigned Across = (Columns + Kw - 1) / Kw,
    localparam int unsigned CBits = Cf > 1 ? $clog2(Cf) : 1,
    localparam int unsigned Stride = Cf > 1 ? 1 << CBits : 1,
    localparam int unsigned Places = (Across - 1) * Stride + lfsr_pkg::places(Cf),
    localparam int unsigned Bits = Places > 1 ? $clog2(Places) : 1
) (
    input  logic            clk_i,
    input  logic            rst_ni,
    input  logic            step_i,
    output logic [Bits-1:0] place_o,
    output logic            first_o,
    output logic            complete_o,
    output logic            stays_o
);
  localparam int unsigned ABits = Across > 1 ? $clog2(Across) : 1;

  logic [CBits-1:0] c;
  logic [ABits-1:0] across;
  // Is its pixel the first or last of a window's row, or the last of the image's; its row likewise of a window or the
  // image?
  logic pixel, left_q, right, row, top_q, bottom, frame;
  logic step_pixel, step_row;

  assign step_pixel = step_i && pixel;
  assign step_row = step_pixel && row;
  assign place_o = Cf == 1 ? Bits'(across) : Bits'({across, c});
  assign first_o = left_q && top_q;
  assign complete_o = right && bottom;
  assign stays_o = Cf == 1 && (Across == 1 || !(right || row));

  place_counter #(
      .Count(Cf),
      .Dense(lfsr_pkg::places(Cf) == Cf)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i,
      .place_o(c),
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

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      left_q <= 1'b1;
      top_q  <= 1'b1;
    end else begin
      if (step_pixel) left_q <= right || row;
      if (step_row) top_q <= bottom || frame;
    end
  end
endmodule
