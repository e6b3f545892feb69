"""Tools for testing whatever reads a stream: ways of cutting, and a server of recordings.

The Hypothesis strategies need the extra `testing`; everything else needs only the standard library.
"""

from ._cuts import assert_cutting_changes_nothing, bytewise, every_cut
from ._faults import Comments, Disconnect, EndAt, Fault, HalfClose, Reset, Stall, WrongLength
from ._replies import Reply, Request, Seed
from ._server import ReplayServer

__all__ = [
    "Comments",
    "Disconnect",
    "EndAt",
    "Fault",
    "HalfClose",
    "ReplayServer",
    "Reply",
    "Request",
    "Reset",
    "Seed",
    "Stall",
    "WrongLength",
    "assert_cutting_changes_nothing",
    "bytewise",
    "every_cut",
]
