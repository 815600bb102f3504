// SPDX-License-Identifier: BSD-3-Clause
//
// Counts steps, Count of them in turn, beginning with the step Start (0 is the first). place_o is another one for each of
// them, below 2^Bits, in an order of its own (lfsr_pkg), the same in all counters of a Count. last_o is a register: the
// next step is the last one. step_i goes through no table, it enables registers.
//
// Dense: the places are those below Count, and where Count is no power of two, step_i goes through a table.
module place_counter #(
    parameter int unsigned Count = 1,
    parameter int unsigned Start = 0,
    parameter bit Dense = 1'b0,
    localparam int unsigned Bits = Count > 1 ? $clog2(Count) : 1
) (
    input  logic            clk_i,
    input  logic            rst_ni,
    input  logic            step_i,
    output logic [Bits-1:0] place_o,
    output logic            last_o
);
  if (Dense || Count == 1 || Count == 1 << Bits) begin : gen_index
    index_counter #(
        .Count(Count),
        .Start(Start)
    ) i_index (
        .clk_i,
        .rst_ni,
        .step_i,
        .index_o(place_o),
        .last_o
    );
  end else begin : gen_round
    if (Start >= Count) begin : gen_check_start
      $error("place_counter: Start is %0d, expected less than Count = %0d", Start, Count);
    end
    if (Bits > lfsr_pkg::MaxBits) begin : gen_check_count
      $error("place_counter: Count is %0d, expected a power of two or less than 2^%0d", Count, lfsr_pkg::MaxBits);
    end
    localparam logic [Bits-1:0] First = Bits'(lfsr_pkg::at(Bits, Count, Start));
    localparam logic [Bits-1:0] Final = Bits'(lfsr_pkg::at(Bits, Count, Count - 2));
    localparam bit Skips = Count != (1 << Bits) - 1;
    logic [Bits-1:0] place_q;
    logic last_q;

    assign place_o = place_q;
    assign last_o  = last_q;
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        place_q <= First;
        last_q  <= Start == Count - 1;
      end else if (step_i) begin
        place_q <= Bits'(lfsr_pkg::after(Bits, lfsr_pkg::MaxBits'(place_q))) ^ Bits'(last_q && Skips);
        last_q  <= place_q == Final;
      end
    end
  end
endmodule
