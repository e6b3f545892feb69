"""What to compare when the same bytes are read in several ways."""

from __future__ import annotations

from msgspec.structs import replace

from sse_stream import ChatCompletion, Ending


def so_far(completion: ChatCompletion, ending: Ending) -> tuple[ChatCompletion, Ending]:
    """What has come. Usage behind an error counts if it came in the same read, so where the cuts are decides it."""
    return (replace(completion, usage=None) if ending == "provider_error" else completion), ending
