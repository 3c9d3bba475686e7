"""Read what a bank says about an account."""
