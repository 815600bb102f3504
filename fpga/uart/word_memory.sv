// SPDX-License-Identifier: BSD-3-Clause
// A memory with one port to write and one to read, which gives its word a cycle later and holds it while `read_i` is
// low. What a read gives that meets a write of the same word is not defined; nobody here does that.
module word_memory #(
    parameter int unsigned Width = 8,
    parameter int unsigned Depth = 2,
    localparam int unsigned AddressBits = Depth > 1 ? $clog2(Depth) : 1
) (
    input  logic                   clk_i,
    input  logic                   write_i,
    input  logic [AddressBits-1:0] write_address_i,
    input  logic [Width-1:0]       write_data_i,
    input  logic                   read_i,
    input  logic [AddressBits-1:0] read_address_i,
    output logic [Width-1:0]       read_data_o
);

  (* no_rw_check *) logic [Width-1:0] memory[Depth];
  logic [Width-1:0] read_data_q;

  assign read_data_o = read_data_q;

  always_ff @(posedge clk_i) begin
    if (write_i) memory[write_address_i] <= write_data_i;
    if (read_i) read_data_q <= memory[read_address_i];
  end

endmodule
