"""Keep what was granted to whom and until when, and never how it was paid for."""
