"""Measure what the hot pages cost: ``make bench``, ``kundelik bench --json``. See docs/bench.md."""
