"""The pictures of the documentation, drawn by a command."""
