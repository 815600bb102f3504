// SPDX-License-Identifier: BSD-3-Clause
//
// Pixels of an image in, row by row, whole windows out: pixel (y, x) of a window at bits (y * Kw + x) * Width. One pixel
// a cycle, images back to back; latency 1 from the pixel that completes a window. Windows of one pixel may come in Words
// words.
//
// Windows are Kh x Kw pixels, Dilation<H, W> apart, StrideH rows and StrideW columns from one to the next; pixels that
// complete none are taken. The image, padding included, is Rows x Columns. Each row but the last of a window waits in a
// memory until the next one comes. in_ready_o depends on out_ready_i, but on nothing else of the cycle.
module parallel_window #(
    parameter int unsigned Width = 8,
    parameter int unsigned Words = 1,
    parameter int unsigned Rows = 3,
    parameter int unsigned Columns = 3,
    parameter int unsigned Kh = 3,
    parameter int unsigned Kw = 3,
    parameter int unsigned StrideH = 1,
    parameter int unsigned StrideW = 1,
    parameter int unsigned DilationH = 1,
    parameter int unsigned DilationW = 1
) (
    input  logic                   clk_i,
    input  logic                   rst_ni,
    input  logic [      Width-1:0] in_data_i,
    input  logic                   in_valid_i,
    output logic                   in_ready_o,
    output logic [Kh*Kw*Width-1:0] out_data_o,
    output logic                   out_valid_o,
    input  logic                   out_ready_i
);
  localparam int unsigned High = (Kh - 1) * DilationH + 1;
  localparam int unsigned Wide = (Kw - 1) * DilationW + 1;
  // A row leaves its registers and comes to those of the row above Waits pixels later.
  localparam int unsigned Waits = Columns - Wide;
  localparam int unsigned Above = High - 1;

  if (Width < 1 || Kh < 1 || Kw < 1 || High > Rows || Wide > Columns) begin : gen_check_size
    $error("parallel_window: windows of %0d x %0d, expected 1 x 1 to %0d x %0d, of at least a bit", High, Wide, Rows,
           Columns);
  end
  if (Words < 1 || (Words > 1 && Kh * Kw > 1)) begin : gen_check_words
    $error("parallel_window: Words is %0d with windows of %0d x %0d, expected 1", Words, Kh, Kw);
  end
  if (StrideH < 1 || StrideW < 1) begin : gen_check_stride
    $error("parallel_window: the stride is %0d x %0d, expected at least 1", StrideH, StrideW);
  end

  // window_q[y][x]: the pixels of the last High rows, the newest in the lower right corner.
  logic [High-1:0][Wide-1:0][Width-1:0] window_q;
  logic [High-1:0][Width-1:0] entering;
  logic pixel, column_last, row_last, column_due, row_due, shift, out_valid_q;

  assign in_ready_o = !out_valid_q || out_ready_i;
  assign shift = in_valid_i && in_ready_o;
  assign out_valid_o = out_valid_q;

  for (genvar y = 0; y < Kh; y++) begin : gen_out_row
    for (genvar x = 0; x < Kw; x++) begin : gen_out_column
      assign out_data_o[(y*Kw+x)*Width+:Width] = window_q[y*DilationH][x*DilationW];
    end
  end

  assign entering[High-1] = in_data_i;
  if (Above > 0 && Waits == 0) begin : gen_straight
    for (genvar y = 0; y < Above; y++) begin : gen_above
      assign entering[y] = window_q[y+1][0];
    end
  end else if (Above > 0 && Waits == 1) begin : gen_register
    for (genvar y = 0; y < Above; y++) begin : gen_above
      always_ff @(posedge clk_i) if (shift) entering[y] <= window_q[y+1][0];
    end
  end else if (Above > 0) begin : gen_memory
    localparam int unsigned Depth = Waits - 1;
    localparam int unsigned AddressBits = Depth > 1 ? $clog2(Depth) : 1;
    (* ram_style = "distributed", no_rw_check *) logic [Above*Width-1:0] memory[Depth];
    logic [Above*Width-1:0] leaving, waited_q;
    logic [AddressBits-1:0] address;
    logic unused;

    for (genvar y = 0; y < Above; y++) begin : gen_above
      assign leaving[y*Width+:Width] = window_q[y+1][0];
      assign entering[y] = waited_q[y*Width+:Width];
    end
    always_ff @(posedge clk_i) begin
      if (shift) begin
        memory[address] <= leaving;
        waited_q <= memory[address];
      end
    end
    index_counter #(
        .Count(Depth)
    ) i_address (
        .clk_i,
        .rst_ni,
        .step_i (shift),
        .index_o(address),
        .last_o (unused)
    );
  end

  for (genvar y = 0; y < High; y++) begin : gen_row
    if (Wide == 1) begin : gen_one
      always_ff @(posedge clk_i) if (shift) window_q[y] <= entering[y];
    end else begin : gen_several
      always_ff @(posedge clk_i) if (shift) window_q[y] <= {entering[y], window_q[y][Wide-1:1]};
    end
  end

  step_counter #(
      .Count(Words)
  ) i_words (
      .clk_i,
      .rst_ni,
      .step_i(shift),
      .last_o(pixel)
  );
  step_counter #(
      .Count(Columns)
  ) i_columns (
      .clk_i,
      .rst_ni,
      .step_i(shift && pixel),
      .last_o(column_last)
  );
  step_counter #(
      .Count(Rows)
  ) i_rows (
      .clk_i,
      .rst_ni,
      .step_i(shift && pixel && column_last),
      .last_o(row_last)
  );
  stride_counter #(
      .First (Wide),
      .Stride(StrideW)
  ) i_column_due (
      .clk_i,
      .rst_ni,
      .step_i(shift && pixel),
      .restart_i(column_last),
      .due_o(column_due)
  );
  stride_counter #(
      .First (High),
      .Stride(StrideH)
  ) i_row_due (
      .clk_i,
      .rst_ni,
      .step_i(shift && pixel && column_last),
      .restart_i(row_last),
      .due_o(row_due)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (in_ready_o) out_valid_q <= in_valid_i && column_due && row_due;
  end
endmodule
