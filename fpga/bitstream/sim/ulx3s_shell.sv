// SPDX-License-Identifier: BSD-3-Clause
// The synthesised top level `ulx3s`, its PLL taken out (fpga/bitstream/trellis.py), with the ports of `uart_shell`: so
// the simulated serial board (fpga/serial_board) runs on it. For simulation alone.
module uart_shell (
    input  logic ap_clk,
    input  logic ap_rst_n,  // the PLL has locked
    input  logic rx_i,
    output logic tx_o,
    output logic busy_o,
    output logic error_o
);

  logic [14:0] unused;

  ulx3s i_netlist (
      .clk_25mhz         (1'b0),
      .ftdi_txd          (rx_i),
      .ftdi_rxd          (tx_o),
      .led_busy          (busy_o),
      .led_error         (error_o),
      .wifi_gpio0        (unused[0]),
      .i_pll_CLKOP       (ap_clk),
      .i_pll_LOCK        (ap_rst_n),
      .i_pll_CLKOS       (1'b0),
      .i_pll_CLKOS2      (1'b0),
      .i_pll_CLKOS3      (1'b0),
      .i_pll_INTLOCK     (1'b0),
      .i_pll_REFCLK      (1'b0),
      .i_pll_CLKINTFB    (1'b0),
      .i_pll_CLKI        (unused[1]),
      .i_pll_CLKFB       (unused[2]),
      .i_pll_RST         (unused[3]),
      .i_pll_STDBY       (unused[4]),
      .i_pll_ENCLKOP     (unused[5]),
      .i_pll_ENCLKOS     (unused[6]),
      .i_pll_ENCLKOS2    (unused[7]),
      .i_pll_ENCLKOS3    (unused[8]),
      .i_pll_PHASESEL0   (unused[9]),
      .i_pll_PHASESEL1   (unused[10]),
      .i_pll_PHASEDIR    (unused[11]),
      .i_pll_PHASESTEP   (unused[12]),
      .i_pll_PHASELOADREG(unused[13]),
      .i_pll_PLLWAKESYNC (unused[14])
  );

endmodule
