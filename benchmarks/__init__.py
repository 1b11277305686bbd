"""Measurements of Greenroom beside what it replaces: ratios and medians of one run on one machine.

``benchmarks/run`` measures and writes ``results/<date>.json``, plots, and the tables of ``README.md``. Nothing here is a
test: figures depend on the machine, so no figure fails a build.
"""
