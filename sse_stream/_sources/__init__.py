"""How bytes come out of each kind of response."""
