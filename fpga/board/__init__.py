# SPDX-License-Identifier: BSD-3-Clause
"""A simulated PYNQ board: what pynq's RemoteDevice talks to, with the Verilated shell and accelerator behind it.

Runs in pynq's virtual environment: nothing but numpy, grpc, pynq, the standard library and `chain`'s plain modules.
"""
