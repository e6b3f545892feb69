"""Hypothesis strategies for error reports in mid-stream."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Failure:
    """An error report.

    Attributes:
        message: The provider's message.
        text: The report on the wire, with LF.
    """

    message: str
    text: str


# Payloads of error reports, with %s for the message.
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

# Framings of a payload, the most common first.
_FRAMES = ["data: %s\n\n", "event: error\ndata: %s\n\n", "data: error: %s\n\n"]


def reports() -> SearchStrategy[Failure]:
    """Generate error reports in all the forms and places that servers use.

    Shrinks towards an error object in its own event.
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
