# SPDX-License-Identifier: BSD-3-Clause
"""What the stages share: the integer arithmetic, the record by which they are compared, files, errors, the report.

This package imports none of `training`, `export`, `fpga` and `host`; all but `host` may import it.
"""
