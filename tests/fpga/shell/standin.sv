// SPDX-License-Identifier: BSD-3-Clause
// Stands in for an accelerator in tests of the shell: see standin.py, which sets the four sizes.
module accelerator (
    ap_clk,
    ap_rst_n,
    s_axis_tdata,
    s_axis_tvalid,
    s_axis_tready,
    m_axis_tdata,
    m_axis_tvalid,
    m_axis_tready
);

  localparam int unsigned InBytes = 1;
  localparam int unsigned InWords = 1;
  localparam int unsigned OutBytes = 1;
  localparam int unsigned OutWords = 1;
  localparam logic [31:0] Factor = 32'd31;
  localparam logic [31:0] Step = 32'h0101_0101;

  input logic ap_clk;
  input logic ap_rst_n;
  input logic [InBytes*8-1:0] s_axis_tdata;
  input logic s_axis_tvalid;
  output logic s_axis_tready;
  output logic [OutBytes*8-1:0] m_axis_tdata;
  output logic m_axis_tvalid;
  input logic m_axis_tready;

  logic [31:0] seed[1];
  initial $readmemh("seed.hex", seed);

  logic [31:0] state_q, sum, value;
  logic [31:0] word_q;
  logic answering_q;

  always_comb begin
    sum = '0;
    for (int unsigned i = 0; i < InBytes; i++) sum += 32'(s_axis_tdata[i*8+:8]) * (i + 1);
    value = state_q + word_q * Step;
    for (int unsigned i = 0; i < OutBytes; i++) m_axis_tdata[i*8+:8] = value[(i%4)*8+:8];
  end

  assign s_axis_tready = !answering_q;
  assign m_axis_tvalid = answering_q;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      state_q     <= seed[0];
      word_q      <= '0;
      answering_q <= 1'b0;
    end else if (!answering_q) begin
      if (s_axis_tvalid) begin
        state_q <= state_q * Factor + sum;
        word_q  <= word_q + 32'd1;
        if (word_q == InWords - 1) begin
          word_q      <= '0;
          answering_q <= 1'b1;
        end
      end
    end else if (m_axis_tready) begin
      word_q <= word_q + 32'd1;
      if (word_q == OutWords - 1) begin
        word_q      <= '0;
        state_q     <= seed[0];
        answering_q <= 1'b0;
      end
    end
  end

endmodule
