"""Prometheus as far as our alert rules need it: tests written for promtool, run without it.

A test file of promtool's is read (``rule_tests``), its series are laid out in time (``series``),
and its rules evaluated at each step (``evaluation``, ``alerts``). What is not known here raises
NotImplementedError, so that nothing passes for want of being understood.
"""
