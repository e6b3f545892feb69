"""Decoding bytes to typed events, and judging how a stream ended."""
