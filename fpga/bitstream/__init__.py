# SPDX-License-Identifier: BSD-3-Clause
"""Bitstreams: a board's facts (boards/*.toml), its top level, and the tool chains that place and route.

Nothing is imported here: `fpga.bitstream.check` runs before the environments are set up.
"""
