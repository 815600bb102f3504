# SPDX-License-Identifier: BSD-3-Clause
"""The report of one model: what every step of the chain measured, as JSON, as a page, and as a table.

collect.py   reads build/<model>/ and makes the report, valid against schema.json
figures.py   numbers to shapes (paths, bars), in pixels
page.py      the report as one self-contained HTML page (page.html, page.css)
table.py     the report as tables in the terminal
"""
