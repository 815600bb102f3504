// SPDX-License-Identifier: BSD-3-Clause
// Cuts a stream of InBytes-byte words into words of OutBytes bytes; no byte is added or lost, lowest byte first.
//
// `in_last_i` marks the last word of a job, of which only the lowest `in_bytes_i` bytes count; all other words are
// whole. `out_bytes_o` and `out_last_o` say the same of the output. After a last word nothing is taken until the
// store is empty, so jobs never share a word. One word a cycle on the slower side. `in_ready_o` depends on
// `out_ready_i` in the same cycle. `clear_i` throws the contents away.
module byte_gearbox #(
    parameter int unsigned InBytes  = 8,
    parameter int unsigned OutBytes = 3,
    localparam int unsigned InCountBits  = $clog2(InBytes + 1),
    localparam int unsigned OutCountBits = $clog2(OutBytes + 1)
) (
    input  logic                    clk_i,
    input  logic                    rst_ni,
    input  logic                    clear_i,

    input  logic [InBytes*8-1:0]    in_data_i,
    input  logic [InCountBits-1:0]  in_bytes_i,
    input  logic                    in_last_i,
    input  logic                    in_valid_i,
    output logic                    in_ready_o,

    output logic [OutBytes*8-1:0]   out_data_o,
    output logic [OutCountBits-1:0] out_bytes_o,
    output logic                    out_last_o,
    output logic                    out_valid_o,
    input  logic                    out_ready_i
);

  // Everything moves in units of the greatest common divisor: fewer positions, a smaller multiplexer.
  function automatic int unsigned gcd(int unsigned a, int unsigned b);
    int unsigned x, y, rest;
    x = a;
    y = b;
    while (y != 0) begin
      rest = x % y;
      x = y;
      y = rest;
    end
    return x;
  endfunction

  localparam int unsigned Unit = gcd(InBytes, OutBytes);
  localparam int unsigned UnitBits = Unit * 8;
  localparam int unsigned InUnits = InBytes / Unit;
  localparam int unsigned OutUnits = OutBytes / Unit;
  // One unit less than an output word can be left over when an input word must still fit.
  localparam int unsigned Capacity = InUnits + OutUnits - 1;
  localparam int unsigned CountBits = $clog2(Capacity + 2);  // one state to spare, so no comparison is constant

  logic [Capacity*UnitBits-1:0] store_q, store_d;
  logic [CountBits-1:0] count_q, count_d, count_left;
  logic last_q, last_d;
  logic enough, put, take;

  assign enough      = count_q >= CountBits'(OutUnits);
  assign out_valid_o = enough || (last_q && count_q != '0);
  assign out_last_o  = last_q && count_q <= CountBits'(OutUnits);
  assign out_data_o  = store_q[OutBytes*8-1:0];
  assign out_bytes_o = enough ? OutCountBits'(OutBytes) : OutCountBits'(32'(count_q) * Unit);

  assign take       = out_valid_o && out_ready_i;
  assign count_left = !take ? count_q : enough ? count_q - CountBits'(OutUnits) : '0;
  assign in_ready_o = !last_q && count_left <= CountBits'(Capacity - InUnits);
  assign put        = in_valid_i && in_ready_o;

  always_comb begin
    store_d = store_q;
    if (take) begin
      for (int unsigned unit = 0; unit + OutUnits < Capacity; unit++) begin
        store_d[unit*UnitBits+:UnitBits] = store_q[(unit+OutUnits)*UnitBits+:UnitBits];
      end
    end
    if (put) begin
      for (int unsigned position = 0; position < OutUnits; position++) begin
        if (count_left == CountBits'(position)) store_d[position*UnitBits+:InBytes*8] = in_data_i;
      end
    end
    count_d = count_left;
    if (put) count_d = count_left + (in_last_i ? CountBits'(32'(in_bytes_i) / Unit) : CountBits'(InUnits));
    last_d = put ? in_last_i : last_q && !(take && out_last_o);
  end

  always_ff @(posedge clk_i) begin
    store_q <= store_d;
    if (!rst_ni || clear_i) begin
      count_q <= '0;
      last_q  <= 1'b0;
    end else begin
      count_q <= count_d;
      last_q  <= last_d;
    end
  end

endmodule
