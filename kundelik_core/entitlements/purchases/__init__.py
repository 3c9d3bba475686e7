"""Tie money to time: what a payment grants, and what a refund or a dispute takes away."""
