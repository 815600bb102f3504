# SPDX-License-Identifier: BSD-3-Clause
"""The toolkit's hardware ops, one pair of files each: `<op>.py` (shapes, execution) and `<op>_rtl.py` (its Verilog).

Importing this package sets FINN's environment and registers every op in FINN's own domains
`finn.custom_op.fpgadataflow` and `finn.custom_op.fpgadataflow.rtl`; FINN looks nowhere else.
"""

from fpga import environment

environment.prepare()

import finn.custom_op.fpgadataflow as _finn  # noqa: E402
import finn.custom_op.fpgadataflow.hls  # noqa: E402, F401  (FINN's SpecializeLayers wants it imported)
import finn.custom_op.fpgadataflow.rtl as _finn_rtl  # noqa: E402

from fpga.ops.arg_max import ArgMax  # noqa: E402
from fpga.ops.arg_max_rtl import ArgMax_rtl  # noqa: E402
from fpga.ops.pool_max import PoolMax  # noqa: E402
from fpga.ops.pool_max_rtl import PoolMax_rtl  # noqa: E402
from fpga.ops.stream_add import StreamAdd  # noqa: E402
from fpga.ops.stream_add_rtl import StreamAdd_rtl  # noqa: E402
from fpga.ops.stream_fork import StreamFork  # noqa: E402
from fpga.ops.stream_fork_rtl import StreamFork_rtl  # noqa: E402
from fpga.ops.stream_narrow import StreamNarrow  # noqa: E402
from fpga.ops.stream_narrow_rtl import StreamNarrow_rtl  # noqa: E402
from fpga.ops.window_max import WindowMax  # noqa: E402
from fpga.ops.window_max_rtl import WindowMax_rtl  # noqa: E402
from fpga.ops.window_sum import WindowSum  # noqa: E402
from fpga.ops.window_sum_rtl import WindowSum_rtl  # noqa: E402
from fpga.ops.wrap_activation import WrapActivation  # noqa: E402
from fpga.ops.wrap_activation_rtl import WrapActivation_rtl  # noqa: E402
from fpga.ops.wrap_fold import WrapFold  # noqa: E402
from fpga.ops.wrap_fold_rtl import WrapFold_rtl  # noqa: E402
from fpga.ops.wrap_mvu import WrapMVU  # noqa: E402
from fpga.ops.wrap_mvu_rtl import WrapMVU_rtl  # noqa: E402
from fpga.ops.wrap_vvu import WrapVVU  # noqa: E402
from fpga.ops.wrap_vvu_rtl import WrapVVU_rtl  # noqa: E402

OPS = (
    ArgMax,
    PoolMax,
    StreamAdd,
    StreamFork,
    StreamNarrow,
    WindowMax,
    WindowSum,
    WrapActivation,
    WrapFold,
    WrapMVU,
    WrapVVU,
)
RTL_OPS = (
    ArgMax_rtl,
    PoolMax_rtl,
    StreamAdd_rtl,
    StreamFork_rtl,
    StreamNarrow_rtl,
    WindowMax_rtl,
    WindowSum_rtl,
    WrapActivation_rtl,
    WrapFold_rtl,
    WrapMVU_rtl,
    WrapVVU_rtl,
)

for _op in OPS:
    _finn.register_custom_op(_op)
for _op in RTL_OPS:
    _finn_rtl.register_custom_op(_op)

__all__ = ["OPS", "RTL_OPS", *(op.__name__ for op in OPS + RTL_OPS)]
