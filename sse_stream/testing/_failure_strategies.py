"""Hypothesis strategies for how a server reports that something failed in a stream that began well."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Failure:
    """A report of a failure.

    Attributes:
        message: The provider's message.
        text: The report as it is on the wire, with LF.
    """

    message: str
    text: str


# Payloads that report a failure, the message left open.
_PAYLOADS = [
    '{"error":{"message":%s,"type":"server_error","code":503}}',
    '{"error":%s}',
    '{"object":"error","message":%s,"code":400}',
    '{"code":429,"message":%s}',
    '{"code":500,"msg":%s}',
    '{"success":false,"errors":[{"code":7,"message":%s}]}',
    '{"status":"error","message":%s}',
    '{"choices":null,"base_resp":{"status_code":1002,"status_msg":%s}}',
    '[{"error":{"message":%s,"code":503}}]',
    '{"choices":[],"x_groq":{"error":%s}}',
]

# What is around a payload; the first is the usual.
_FRAMES = ["data: %s\n\n", "event: error\ndata: %s\n\n", "data: error: %s\n\n"]


def reports() -> SearchStrategy[Failure]:
    """Reports of a failure: of each form, and in each place that servers put them.

    Shrinks towards an error object in an event of its own.
    """
    return st.builds(
        _failure,
        message=st.sampled_from(["overloaded", "slow down", 'a "quoted" word']),
        payload=st.sampled_from(_PAYLOADS),
        place=st.sampled_from([*_FRAMES, "error: %s\n\n", "indented", "interrupting"]),
        is_done=st.booleans(),
    )


def _failure(*, message: str, payload: str, place: str, is_done: bool) -> Failure:
    body = payload % json.dumps(message)
    match place:
        case "indented":
            text = json.dumps(json.loads(body), indent=2) + "\n\n"
        case "interrupting":
            text = f'data: {{"choices":[{{"index":0,"del\ndata: {body}\n\n'
        case _:
            text = place % body
    return Failure(message, text + ("data: [DONE]\n\n" if is_done else ""))
