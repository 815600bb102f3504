// SPDX-License-Identifier: BSD-3-Clause
// The ULX3S: uart_shell on the board's USB serial port, clocked by a PLL from the 25 MHz oscillator.
//
// The PLL's dividers are calculated by fpga/bitstream/trellis.py: the clock is PllFeedback / PllInput times the
// oscillator's, and PllOutput times as fast inside the PLL. Reset lasts until the PLL has locked, and comes back if it
// loses its lock. The names of the two serial lines are the USB chip's: it sends on ftdi_txd.
module ulx3s #(
    parameter int unsigned InWordBytes = 1,
    parameter int unsigned OutWordBytes = 1,
    parameter int unsigned InWordsPerFrame = 1,
    parameter int unsigned OutWordsPerFrame = 1,
    parameter logic [31:0] DesignHash = 32'h0,
    parameter int unsigned ClockKhz = 50000,
    parameter int unsigned ClocksPerBit = 25,
    parameter int unsigned WatchdogCycles = 1000000,
    parameter int unsigned PllInput = 1,
    parameter int unsigned PllFeedback = 2,
    parameter int unsigned PllOutput = 12
) (
    input  logic clk_25mhz,
    input  logic ftdi_txd,
    output logic ftdi_rxd,
    output logic led_busy,
    output logic led_error,
    output logic wifi_gpio0  // high: the ESP32 on the board leaves the FPGA alone
);

  logic clock, locked;

  (* FREQUENCY_PIN_CLKI = "25" *)
  (* ICP_CURRENT = "12", LPF_RESISTOR = "8", MFG_ENABLE_FILTEROPAMP = "1", MFG_GMCREF_SEL = "2" *)
  EHXPLLL #(
      .CLKI_DIV        (PllInput),
      .CLKFB_DIV       (PllFeedback),
      .CLKOP_DIV       (PllOutput),
      .CLKOP_CPHASE    (PllOutput / 2 - 1),
      .CLKOP_FPHASE    (0),
      .CLKOP_ENABLE    ("ENABLED"),
      .FEEDBK_PATH     ("CLKOP"),
      .OUTDIVIDER_MUXA ("DIVA"),
      .PLLRST_ENA      ("DISABLED"),
      .INTFB_WAKE      ("DISABLED"),
      .STDBY_ENABLE    ("DISABLED"),
      .DPHASE_SOURCE   ("DISABLED")
  ) i_pll (
      .CLKI        (clk_25mhz),
      .CLKFB       (clock),
      .CLKOP       (clock),
      .LOCK        (locked),
      .RST         (1'b0),
      .STDBY       (1'b0),
      .ENCLKOP     (1'b0),
      .ENCLKOS     (1'b0),
      .ENCLKOS2    (1'b0),
      .ENCLKOS3    (1'b0),
      .PHASESEL0   (1'b0),
      .PHASESEL1   (1'b0),
      .PHASEDIR    (1'b1),
      .PHASESTEP   (1'b1),
      .PHASELOADREG(1'b1),
      .PLLWAKESYNC (1'b0),
      .CLKOS       (),
      .CLKOS2      (),
      .CLKOS3      (),
      .INTLOCK     (),
      .REFCLK      (),
      .CLKINTFB    ()
  );

  // The lock is not of this clock.
  logic [1:0] locked_q;
  logic [3:0] wait_q;
  logic rst_nq;

  always_ff @(posedge clock) begin
    locked_q <= {locked_q[0], locked};
    wait_q   <= !locked_q[1] ? '0 : wait_q + 4'(wait_q != '1);
    rst_nq   <= locked_q[1] && wait_q == '1;
  end

  uart_shell #(
      .InWordBytes     (InWordBytes),
      .OutWordBytes    (OutWordBytes),
      .InWordsPerFrame (InWordsPerFrame),
      .OutWordsPerFrame(OutWordsPerFrame),
      .DesignHash      (DesignHash),
      .ClockKhz        (ClockKhz),
      .ClocksPerBit    (ClocksPerBit),
      .WatchdogCycles  (WatchdogCycles)
  ) i_shell (
      .ap_clk  (clock),
      .ap_rst_n(rst_nq),
      .rx_i    (ftdi_txd),
      .tx_o    (ftdi_rxd),
      .busy_o  (led_busy),
      .error_o (led_error)
  );

  assign wifi_gpio0 = 1'b1;

endmodule
