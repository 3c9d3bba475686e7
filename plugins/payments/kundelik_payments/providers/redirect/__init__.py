"""Pay at a local service that takes a signed redirect."""
