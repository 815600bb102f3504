// SPDX-License-Identifier: BSD-3-Clause
// An accelerator whose result depends on an image's first word only, and is there while the others are still to come:
// each word of it repeats that word's lowest byte. It takes a word every fourth clock.
module accelerator (
    input  logic                   ap_clk,
    input  logic                   ap_rst_n,
    input  logic [`IN_BYTES*8-1:0]  s_axis_tdata,
    input  logic                   s_axis_tvalid,
    output logic                   s_axis_tready,
    output logic [`OUT_BYTES*8-1:0] m_axis_tdata,
    output logic                   m_axis_tvalid,
    input  logic                   m_axis_tready
);

  logic [31:0] in_q, out_q;
  logic [1:0] clock_q;
  logic [7:0] first_q;

  assign s_axis_tready = clock_q == '0 && (in_q != 0 || out_q == 0);
  assign m_axis_tvalid = out_q != 0;
  assign m_axis_tdata  = {`OUT_BYTES{first_q}};

  always_ff @(posedge ap_clk) begin
    clock_q <= clock_q + 2'd1;
    if (!ap_rst_n) begin
      clock_q <= '0;
      in_q    <= '0;
      out_q   <= '0;
    end else begin
      if (m_axis_tvalid && m_axis_tready) out_q <= out_q - 1;
      if (s_axis_tvalid && s_axis_tready) begin
        in_q <= in_q == `IN_WORDS - 1 ? '0 : in_q + 1;
        if (in_q == 0) begin
          first_q <= s_axis_tdata[7:0];
          out_q   <= `OUT_WORDS;
        end
      end
    end
  end

endmodule
