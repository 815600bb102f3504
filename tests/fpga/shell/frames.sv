// SPDX-License-Identifier: BSD-3-Clause
// Stands in for an accelerator in frames.py: every frame has a result of its own, and many are on their way at once.
//
// A frame is a number of 48 bits (two words of three bytes, lowest first). It is multiplied by Factor modulo 2^48, which
// no two frames share, and given as three words: the lower half, the upper half, and both and Mark combined by
// exclusive or. Up to Depth frames wait inside. Input and output pause by themselves now and then.
module accelerator (
    input  logic        ap_clk,
    input  logic        ap_rst_n,
    input  logic [23:0] s_axis_tdata,
    input  logic        s_axis_tvalid,
    output logic        s_axis_tready,
    output logic [23:0] m_axis_tdata,
    output logic        m_axis_tvalid,
    input  logic        m_axis_tready
);

  localparam int unsigned Depth = 16;
  localparam logic [47:0] Factor = 48'h5851_f42d_4c95;
  localparam logic [23:0] Mark = 24'hc0ffee;

  logic [47:0] store_q[Depth];
  logic [$clog2(Depth)-1:0] head_q, tail_q;
  logic [$clog2(Depth+1)-1:0] count_q;
  logic [23:0] low_q;
  logic half_q, in_word, frame_in, frame_out;
  logic [47:0] result_q;
  logic [1:0] words_left_q;
  logic [15:0] chance_q;

  assign s_axis_tready = count_q != Depth && chance_q[2:0] != 3'd0;
  assign in_word       = s_axis_tvalid && s_axis_tready;
  assign frame_in      = in_word && half_q;
  assign frame_out     = count_q != '0 && chance_q[5:3] != 3'd0
      && (words_left_q == 2'd0 || (words_left_q == 2'd1 && m_axis_tready));
  assign m_axis_tvalid = words_left_q != 2'd0;

  always_comb begin
    case (words_left_q)
      2'd3:    m_axis_tdata = result_q[23:0];
      2'd2:    m_axis_tdata = result_q[47:24];
      default: m_axis_tdata = result_q[23:0] ^ result_q[47:24] ^ Mark;
    endcase
  end

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      head_q       <= '0;
      tail_q       <= '0;
      count_q      <= '0;
      half_q       <= 1'b0;
      words_left_q <= 2'd0;
      chance_q     <= 16'h1;
    end else begin
      chance_q <= {chance_q[14:0], chance_q[15] ^ chance_q[13] ^ chance_q[12] ^ chance_q[10]};
      count_q  <= count_q + 5'(frame_in) - 5'(frame_out);
      if (in_word) half_q <= !half_q;
      if (in_word && !half_q) low_q <= s_axis_tdata;
      if (frame_in) begin
        store_q[tail_q] <= {s_axis_tdata, low_q};
        tail_q          <= tail_q + 1'b1;
      end
      if (frame_out) begin
        result_q     <= store_q[head_q] * Factor;
        head_q       <= head_q + 1'b1;
        words_left_q <= 2'd3;
      end else if (m_axis_tvalid && m_axis_tready) begin
        words_left_q <= words_left_q - 2'd1;
      end
    end
  end

endmodule
