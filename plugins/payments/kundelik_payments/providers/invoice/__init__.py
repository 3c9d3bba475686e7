"""Pay by bank transfer against an invoice."""
