"""Server-sent events: decoding bytes as the standard defines it, and planning reconnections."""
