"""Tools for testing whatever reads a stream: ways of cutting, and a server of recordings.

The Hypothesis strategies need the extra `testing`; everything else needs only the standard library.
"""

from ._cuts import bytewise, every_cut

__all__ = ["bytewise", "every_cut"]
