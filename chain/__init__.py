# SPDX-License-Identifier: BSD-3-Clause
"""What the stages share: the integer arithmetic, the record by which they are compared, files, errors, the report.

All packages but `host` may import it. It imports none of `training` and `export`, and of the others no more than
`tests/test_repository.py` allows: the CPU stage is `host`'s engine, and the report reads designs of `fpga`.
"""
