# SPDX-License-Identifier: BSD-3-Clause
"""The driver for boards on a serial line: pyserial at the port, the rest as for PYNQ's boards. See overlay.py."""
