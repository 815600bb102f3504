// SPDX-License-Identifier: BSD-3-Clause
//
// byte_gearbox: every byte once, in order, jobs apart. One byte of one word is followed; clear_i begins anew.
//
// A job's last word has some of its bytes, in units of the widths' greatest common divisor (Unit).
module prove_byte_gearbox #(
    parameter int unsigned InBytes = 2,
    parameter int unsigned OutBytes = 3,
    parameter int unsigned Unit = 1,
    localparam int unsigned InCountBits = $clog2(InBytes + 1),
    localparam int unsigned OutCountBits = $clog2(OutBytes + 1),
    localparam int unsigned Most = InBytes + OutBytes - 1
) (
    input logic clk_i,
    input logic clear_i,
    input logic pick_i,
    input logic [InCountBits-1:0] pick_byte_i,
    input logic [InBytes*8-1:0] in_data_i,
    input logic [InCountBits-1:0] in_bytes_i,
    input logic in_last_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [OutBytes*8-1:0] out_data_o,
    output logic [OutCountBits-1:0] out_bytes_o,
    output logic out_last_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  localparam int unsigned CountBits = $clog2(Most + InBytes + 1);

  logic rst_ni, take, give, active_q, ending_q, waits_q, waiting_last_q;
  logic [CountBits-1:0] inside_q, before_q, taken, given;
  logic [7:0] byte_q;
  logic [OutBytes*8-1:0] waiting_q;
  logic [OutCountBits-1:0] waiting_bytes_q;
  logic [2:0] hungry_q;

  start i_start (.*);
  byte_gearbox #(
      .InBytes (InBytes),
      .OutBytes(OutBytes)
  ) i_cell (
      .*
  );

  assign take  = in_valid_i && in_ready_o;
  assign give  = out_valid_o && out_ready_i;
  assign taken = !take ? '0 : in_last_i ? CountBits'(in_bytes_i) : CountBits'(InBytes);
  assign given = give ? CountBits'(out_bytes_o) : '0;

  always_ff @(posedge clk_i) begin
    waiting_q <= out_data_o;
    waiting_bytes_q <= out_bytes_o;
    waiting_last_q <= out_last_o;
    if (!rst_ni || clear_i) begin
      inside_q <= '0;
      active_q <= 1'b0;
      ending_q <= 1'b0;
      waits_q  <= 1'b0;
      hungry_q <= '0;
    end else begin
      waits_q  <= out_valid_o && !out_ready_i;
      inside_q <= inside_q + taken - given;
      if (take && in_last_i) ending_q <= 1'b1;
      else if (give && out_last_o) ending_q <= 1'b0;
      if (!in_valid_i || in_ready_o) hungry_q <= '0;
      else hungry_q <= hungry_q + 3'(out_ready_i);
      if (active_q) begin
        if (before_q < given) active_q <= 1'b0;
        before_q <= before_q - given;
      end else if (pick_i && take && CountBits'(pick_byte_i) < taken) begin
        active_q <= 1'b1;
        byte_q   <= in_data_i[pick_byte_i*8+:8];
        before_q <= inside_q - given + CountBits'(pick_byte_i);
      end
    end
  end

  always_comb begin
    source : assume (in_bytes_i != '0 && 32'(in_bytes_i) <= InBytes && 32'(in_bytes_i) % Unit == 0);
    if (rst_ni) begin
      offered : assert (out_valid_o == (inside_q >= CountBits'(OutBytes) || (ending_q && inside_q != '0)));
      if (out_valid_o) nothing : assert (out_bytes_o != '0 && CountBits'(out_bytes_o) <= inside_q);
      if (out_valid_o && !out_last_o) whole : assert (out_bytes_o == OutCountBits'(OutBytes));
      if (out_valid_o) last : assert (out_last_o == (ending_q && inside_q == CountBits'(out_bytes_o)));
      if (take) apart : assert (!ending_q);
      flight : assert (inside_q <= CountBits'(Most));
      accepted : assert (hungry_q < 3'd7);
      if (out_valid_o && active_q && before_q < CountBits'(out_bytes_o))
        same : assert (out_data_o[before_q*8+:8] == byte_q);
      if (waits_q)
        stable :
        assert (out_valid_o && out_data_o == waiting_q && out_bytes_o == waiting_bytes_q && out_last_o == waiting_last_q);
    end
  end
endmodule
