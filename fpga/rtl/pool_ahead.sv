// SPDX-License-Identifier: BSD-3-Clause
//
// pool_max with its control a word ahead: what is asked of a word is in registers when it comes, and at most three levels
// of logic lie between two registers. Ports, parameters and words are those of pool_max; it takes no word in the cycle
// behind a reset.
module pool_ahead #(
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
    $error("pool_ahead: Pe = %0d does not divide Ch = %0d", Pe, Ch);
  end
  if (Kh < 1 || Kw < 1 || Kh > Height || Kw > Columns) begin : gen_check_kernel
    $error("pool_ahead: the kernel is %0d x %0d, expected 1 x 1 to %0d x %0d", Kh, Kw, Height, Columns);
  end
  if (Bits < 1) begin : gen_check_bits
    $error("pool_ahead: Bits is %0d, expected at least 1", Bits);
  end

  // Windows, the last of them perhaps incomplete, and the words of a pixel.
  localparam int unsigned Across = (Columns + Kw - 1) / Kw;
  localparam int unsigned Cf = Ch / Pe;
  localparam int unsigned CBits = Cf > 1 ? $clog2(Cf) : 1;
  localparam int unsigned ABits = Across > 1 ? $clog2(Across) : 1;
  localparam int unsigned Stride = Cf > 1 ? 1 << CBits : 1;  // of a window's words in the row of maxima
  localparam int unsigned Words = (Across - 1) * Stride + Cf;
  localparam int unsigned WordBits = Words > 1 ? $clog2(Words) : 1;

  // Of the word that comes next: its place in the row of maxima; whether a window begins or is complete with it, and
  // whether the word behind it has the same place.
  logic [WordBits-1:0] place_q;
  logic first_q, complete_q, stays_q;
  // Of the word behind it: the same, from its place in the pixel and the window's in the row. Its pixel may be the first
  // or last of a window's row, or the last of the image's; its row likewise of a window or the image.
  logic [WordBits-1:0] place;
  logic [CBits-1:0] c;
  logic [ABits-1:0] across_q;
  logic stays, pixel, left_q, right, row, top_q, bottom, frame;
  logic known_q, learn, learn_pixel, learn_row, step, out_valid_q;
  // held_q: the maximum so far at the place of the word that comes next.
  (* no_rw_check *) logic [Pe*Bits-1:0] maxima[Words];
  logic [Pe*Bits-1:0] held_q, best, out_q;

  assign in_ready_o = known_q && !(complete_q && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;

  assign learn = step || !known_q;
  assign learn_pixel = learn && pixel;
  assign learn_row = learn_pixel && row;

  if (Cf == 1) begin : gen_whole_pixels
    assign place = WordBits'(across_q);
    assign stays = Across == 1 || !(right || row);
  end else begin : gen_split_pixels
    assign place = WordBits'({across_q, c});
    assign stays = 1'b0;
  end

  index_counter #(
      .Count(Cf),
      .Late (1'b1)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i (learn),
      .index_o(c),
      .last_o (pixel)
  );
  step_counter #(
      .Count(Columns)
  ) i_columns (
      .clk_i,
      .rst_ni,
      .step_i(learn_pixel),
      .last_o(row)
  );
  step_counter #(
      .Count(Height)
  ) i_rows (
      .clk_i,
      .rst_ni,
      .step_i(learn_row),
      .last_o(frame)
  );
  stride_counter #(
      .First (Kw),
      .Stride(Kw)
  ) i_right (
      .clk_i,
      .rst_ni,
      .step_i(learn_pixel),
      .restart_i(row),
      .due_o(right)
  );
  stride_counter #(
      .First (Kh),
      .Stride(Kh)
  ) i_bottom (
      .clk_i,
      .rst_ni,
      .step_i(learn_row),
      .restart_i(frame),
      .due_o(bottom)
  );

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [Bits-1:0] given, held;
    assign given = in_data_i[p*Bits+:Bits];
    assign held = held_q[p*Bits+:Bits];
    assign best[p*Bits+:Bits] = first_q || given > held ? given : held;
  end

  always_ff @(posedge clk_i) begin
    if (step) begin
      maxima[place_q] <= best;
      held_q <= stays_q ? best : maxima[place];
    end
    if (step && complete_q) out_q <= best;
    if (learn) begin
      place_q <= place;
      first_q <= left_q && top_q;
      complete_q <= right && bottom;
      stays_q <= stays;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || learn_row) across_q <= '0;
    else if (learn_pixel) across_q <= across_q + ABits'(right);
    if (!rst_ni) begin
      left_q <= 1'b1;
      top_q <= 1'b1;
      known_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      known_q <= 1'b1;
      if (learn_pixel) left_q <= right || row;
      if (learn_row) top_q <= bottom || frame;
      if (step && complete_q) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
