# SPDX-License-Identifier: BSD-3-Clause
"""The archive for the board, build/<model>/bundle/<model>.tar.gz: driver, metadata, golden vectors, notebook."""
