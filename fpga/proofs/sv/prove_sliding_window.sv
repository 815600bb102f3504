// SPDX-License-Identifier: BSD-3-Clause
//
// sliding_window: of an image of Image words, the words that its loops name, in order. Step<i> is how far loop i goes.
module prove_sliding_window #(
    parameter int unsigned Width = 1,
    parameter int unsigned Places = 8,
    parameter int unsigned Image = 6,
    parameter int unsigned Count0 = 1,
    parameter int unsigned Count1 = 2,
    parameter int unsigned Count2 = 2,
    parameter int unsigned Count3 = 2,
    parameter int unsigned Count4 = 1,
    parameter int unsigned Step0 = 1,
    parameter int unsigned Step1 = 1,
    parameter int unsigned Step2 = 3,
    parameter int unsigned Step3 = 1,
    parameter int unsigned Step4 = 3,
    localparam int unsigned Window = Count0 * Count1 * Count2,
    localparam int unsigned Out = Window * Count3 * Count4
) (
    input logic clk_i,
    input logic pick_i,
    input logic [Width-1:0] in_data_i,
    input logic in_valid_i,
    output logic in_ready_o,
    output logic [Width-1:0] out_data_o,
    output logic out_valid_o,
    input logic out_ready_i
);
  // What the loops within a loop have gone when it goes on.
  localparam int signed Gone1 = int'((Count0 - 1) * Step0);
  localparam int signed Gone2 = Gone1 + int'((Count1 - 1) * Step1);
  localparam int signed Gone3 = Gone2 + int'((Count2 - 1) * Step2);
  localparam int signed Gone4 = Gone3 + int'((Count3 - 1) * Step3);
  localparam int signed Gone5 = Gone4 + int'((Count4 - 1) * Step4);
  localparam int unsigned Flight = Places / Image + 2;

  logic rst_ni, now_o;
  logic [(Out > 1 ? $clog2(Out) : 1)-1:0] place_o;
  logic [$clog2(Flight+2)-1:0] inside_o;
  logic [Image-1:0][Width-1:0] words_o;
  logic [Out-1:0][Width-1:0] want;

  start i_start (.*);
  sliding_window #(
      .Width(Width),
      .Places(Places),
      .Count0(Count0),
      .Count1(Count1),
      .Count2(Count2),
      .Count3(Count3),
      .Count4(Count4),
      .Move0(int'(Step0)),
      .Move1(int'(Step1) - Gone1),
      .Move2(int'(Step2) - Gone2),
      .Move3(int'(Step3) - Gone3),
      .Move4(int'(Step4) - Gone4),
      .Move5(int'(Image) - Gone5),
      .Advance3(int'(Step3)),
      .Advance4(int'(Step4) - Gone4 + Gone3),
      .Advance5(int'(Image) - Gone5 + Gone3)
  ) i_cell (
      .*
  );
  follow #(
      .InWidth (Width),
      .OutWidth(Width),
      .InWords (Image),
      .OutWords(Out),
      .Flight  (Flight),
      .Patience(2 * Out + Image)
  ) i_follow (
      .*
  );

  always_comb begin
    for (int unsigned i = 0; i < Out; i++) begin
      want[i] = words_o[i%Count0*Step0+i/Count0%Count1*Step1+i/Count0/Count1%Count2*Step2+i/Window%Count3*Step3+
                        i/Window/Count3*Step4];
    end
    if (now_o) word : assert (out_data_o == want[place_o]);
  end
endmodule
