"""The shells over a response: iteration, closing, deadlines, timings, coalescing."""
