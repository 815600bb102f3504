# SPDX-License-Identifier: BSD-3-Clause
"""The report of one model: what every step of the chain measured, as JSON, as a page, and as a table.

collect.py       reads build/<model>/ and makes the report, valid against schema.json
bitstreams.py    what place and route tools reported, beside the estimate
measurements.py  what `bench` measured on boards, and on the simulated one
repeat.py        the variables of make that repeat it
summary.py       rows and totals, with stages.py's names and words.py's numbers
histogram.py     a layer's sums as a figure
charts.py        where a picture of lines has its parts
pipeline.py      the hardware's nodes and streams as a picture
standalone.py    what all pages share, axis.py the ticks of their pictures, scale.py the places in them
page.py          the report as one self-contained HTML page (*.html, page.css)
table.py         the report as tables in the terminal
commands.py      the command line
"""
