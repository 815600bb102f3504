# SPDX-License-Identifier: BSD-3-Clause
"""The chain's stage on the CPU engine (host/cpu)."""
