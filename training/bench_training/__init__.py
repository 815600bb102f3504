# SPDX-License-Identifier: BSD-3-Clause
"""Ways to train for narrow accumulators, compared in one harness: `python -m training.bench_training`.

data.py        the data sets, and the images kept for choosing learning rates
plan.py        what is compared: networks, widths, seeds, epochs, and each method's stages
arithmetic.py  the accumulators of the methods, among them the saturating one
a2q.py         Brevitas' A2Q and A2Q+ in this harness
stage.py       one stage of one network's training
store.py       results and weights by a hash of everything they depend on
schedule.py    what has to be trained before what, several at a time
rows.py        learning rates chosen, trials summed up to rows
plots.py       the pictures' lines
page.py        the rows as one HTML page (page.html)
commands.py    the command line
"""
