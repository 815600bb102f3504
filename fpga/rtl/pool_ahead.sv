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

  // The row of maxima: windows, the last of them perhaps incomplete, each of a pixel's words.
  localparam int unsigned Across = (Columns + Kw - 1) / Kw;
  localparam int unsigned Cf = Ch / Pe;
  localparam int unsigned Places = (Across - 1) * (1 << $clog2(Cf)) + lfsr_pkg::places(Cf);
  localparam int unsigned PlaceBits = Places > 1 ? $clog2(Places) : 1;

  // Of the word that comes next, and, without a register, of the word behind it.
  logic [PlaceBits-1:0] place_q, place;
  logic first_q, first, complete_q, complete, stays_q, stays;
  logic known_q, learn, step, out_valid_q;
  // held_q: the maximum so far at the place of the word that comes next.
  (* no_rw_check *) logic [Pe*Bits-1:0] maxima[Places];
  logic [Pe*Bits-1:0] held_q, best, out_q;

  assign in_ready_o = known_q && !(complete_q && out_valid_q && !out_ready_i);
  assign step = in_valid_i && in_ready_o;
  assign out_data_o = out_q;
  assign out_valid_o = out_valid_q;
  assign learn = step || !known_q;

  tile_counter #(
      .Height (Height),
      .Columns(Columns),
      .Kh     (Kh),
      .Kw     (Kw),
      .Cf     (Cf)
  ) i_tiles (
      .clk_i,
      .rst_ni,
      .step_i    (learn),
      .place_o   (place),
      .first_o   (first),
      .complete_o(complete),
      .stays_o   (stays)
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
      first_q <= first;
      complete_q <= complete;
      stays_q <= stays;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      known_q <= 1'b0;
      out_valid_q <= 1'b0;
    end else begin
      known_q <= 1'b1;
      if (step && complete_q) out_valid_q <= 1'b1;
      else if (out_ready_i) out_valid_q <= 1'b0;
    end
  end
endmodule
