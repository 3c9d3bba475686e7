"""Pay on pages of Stripe."""
