# SPDX-License-Identifier: BSD-3-Clause
"""The narrowest accumulator for every layer that keeps the accuracy: measured sums first, then training trials."""
