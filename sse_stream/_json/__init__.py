"""JSON with bounded depth, strict and lenient, and reading an object into a struct whatever its values are."""
