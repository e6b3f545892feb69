"""Chunks, events, the completion and what adds it up. No provider is known here, only OpenAI's field names."""
