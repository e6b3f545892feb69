"""From bytes to typed events: the composition, and how a stream ends."""
