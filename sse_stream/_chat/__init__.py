"""Chunks, events, and their accumulation to a completion. Knows OpenAI's field names, but no provider."""
