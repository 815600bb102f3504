// SPDX-License-Identifier: BSD-3-Clause
//
// A LUT6_2 whose sixth input is 1, as fpga/rtl_xc7 has them, as two look-up tables of the same five inputs. Any other is
// left as it is.
(* techmap_celltype = "LUT6_2" *)
module lut_pair (
    input  I0,
    input  I1,
    input  I2,
    input  I3,
    input  I4,
    input  I5,
    output O5,
    output O6
);
  parameter [63:0] INIT = 0;
  parameter _TECHMAP_CONSTMSK_I5_ = 0;
  parameter _TECHMAP_CONSTVAL_I5_ = 0;
  wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_I5_ && _TECHMAP_CONSTVAL_I5_);

  LUT5 #(
      .INIT(INIT[31:0])
  ) i_lower (
      .I0(I0),
      .I1(I1),
      .I2(I2),
      .I3(I3),
      .I4(I4),
      .O (O5)
  );
  LUT5 #(
      .INIT(INIT[63:32])
  ) i_upper (
      .I0(I0),
      .I1(I1),
      .I2(I2),
      .I3(I3),
      .I4(I4),
      .O (O6)
  );
endmodule
