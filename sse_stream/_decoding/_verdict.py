"""How a stream ended whose bytes have come to their end: what is missing, and what was odd."""

from __future__ import annotations

from collections.abc import Iterator

from .._chat._anomalies import AnomalyKind
from .._chat._builder import CompletionBuilder
from .._errors import IncompleteStreamError, ProviderError, SSEStreamError


def error_at_end(
    builder: CompletionBuilder, end_mark: str, *, is_done: bool, cut_off: bool, begun: bool
) -> SSEStreamError | None:
    """Why a stream is not complete; `None` if it is.

    With its end mark it is. Without, it is if nothing more can be meant to come: each choice has finished, and did not
    go on after that, and no tool call is open. Then it does not matter whether the end mark never came, or half of
    it, or the connection broke: to ask again would be billed again, for nothing.

    Args:
        builder: What has come.
        end_mark: What ends a stream of its format.
        is_done: Whether that was read.
        cut_off: Whether the body ended inside an event.
        begun: Whether any chunk came.
    """
    if is_done:
        return None
    if builder.is_settled:
        return failed_finish(builder)
    if not begun and not cut_off:
        return IncompleteStreamError("the stream ended before it began: no chunk came")
    reasons = [f"no {end_mark} came"]
    if cut_off:
        reasons.append("the last event was cut off")
    if unfinished := builder.unfinished:
        reasons.append(f"no finish reason for choice {', '.join(map(str, unfinished))}")
    return IncompleteStreamError(f"the stream ended before it was done: {', '.join(reasons)}")


def failed_finish(builder: CompletionBuilder) -> ProviderError | None:
    """The error that a finish reason says, where no error object has come; `None` where none does."""
    reason = builder.failure
    return None if reason is None else ProviderError(f"the stream finished with {reason!r}", type=reason, body=None)


def anomalies_at_end(
    builder: CompletionBuilder, end_mark: str, *, is_done: bool, broken: bool
) -> Iterator[tuple[AnomalyKind, str]]:
    """What is odd about the end of a stream that is complete, each with an excerpt.

    Args:
        builder: What has come.
        end_mark: What ends a stream of its format.
        is_done: Whether that was read.
        broken: Whether the connection broke, or the last event was cut off.
    """
    if not is_done:
        yield "broken_after_finish" if broken else "missing_done", f"no {end_mark} came"
        return
    if not builder.begun:
        yield "empty_stream", end_mark
    for index in builder.unfinished:
        yield "missing_finish_reason", f"choice {index}"
