"""Make schools and what is in them, the short way, for integration tests.

What is made stands in the kit for people who write plugins; the suite makes the same.
"""

from kundelik_core.testing.factory import NOW, YEAR, Factory, Journal

__all__ = ["NOW", "YEAR", "Factory", "Journal"]
