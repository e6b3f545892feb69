"""Server-sent events: the standard's byte decoder and the event. No JSON is looked into, no provider is known."""
