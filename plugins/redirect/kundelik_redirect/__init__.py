"""Be a way to pay: a local service that takes a signed link and tells by a signed message."""
