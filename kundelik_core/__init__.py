"""Kundelik: a school gradebook and diary that a country can run and others can extend."""

__version__ = "0.1.0"
