"""Strict, lenient and partial JSON of bounded depth, and tolerant conversion of objects to structs."""
