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

  // The row of maxima: windows, the last of them perhaps incomplete, each of a pixel's words.
  localparam int unsigned Across = (Columns + Kw - 1) / Kw;
  localparam int unsigned Cf = Ch / Pe;
  localparam int unsigned Places = (Across - 1) * (1 << $clog2(Cf)) + lfsr_pkg::places(Cf);
  localparam int unsigned PlaceBits = Places > 1 ? $clog2(Places) : 1;

  (* ram_style = "distributed", no_rw_check *) logic [Pe*Bits-1:0] maxima[Places];
  logic [Pe*Bits-1:0] held, best, out_q;
  // Of the word that comes next.
  logic [PlaceBits-1:0] place;
  logic first, complete, step, out_valid_q, unused;

  assign in_ready_o = !(complete && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;
  assign held = maxima[place];

  tile_counter #(
      .Height (Height),
      .Columns(Columns),
      .Kh     (Kh),
      .Kw     (Kw),
      .Cf     (Cf)
  ) i_tiles (
      .clk_i,
      .rst_ni,
      .step_i    (step),
      .place_o   (place),
      .first_o   (first),
      .complete_o(complete),
      .stays_o   (unused)
  );

  for (genvar p = 0; p < Pe; p++) begin : gen_lane
    logic [Bits-1:0] given, kept;
    assign given = in_data_i[p*Bits+:Bits];
    assign kept = held[p*Bits+:Bits];
    assign best[p*Bits+:Bits] = first || given > kept ? given : kept;
  end

  always_ff @(posedge clk_i) begin
    if (step) maxima[place] <= best;
    if (step && complete) out_q <= best;
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (step && complete) out_valid_q <= 1'b1;
    else if (out_ready_i) out_valid_q <= 1'b0;
  end
endmodule
