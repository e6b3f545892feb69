"""JSON with bounded depth, strict, lenient and partial, and reading an object into a struct whatever its values are."""
