"""Adapters that read the bytes of each kind of response."""
