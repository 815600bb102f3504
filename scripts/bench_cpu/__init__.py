# SPDX-License-Identifier: BSD-3-Clause
"""The CPU engine against exact kernels, onnxruntime and PyTorch, on this machine: `python -m scripts.bench_cpu`."""
