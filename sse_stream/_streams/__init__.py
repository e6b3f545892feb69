"""Streams over a response: iteration, closing, timeouts, timings and coalescing."""
