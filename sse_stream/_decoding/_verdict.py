"""Judging how a stream ended, from what is missing when its bytes end."""

from __future__ import annotations

from collections.abc import Iterator

from .._chat._anomalies import AnomalyKind
from .._chat._builder import CompletionBuilder
from .._errors import IncompleteStreamError, ProviderError, SSEStreamError


def error_at_end(
    builder: CompletionBuilder, end_mark: str, *, is_done: bool, cut_off: bool, begun: bool
) -> SSEStreamError | None:
    """Return the error for an incomplete stream; `None` if the stream is complete.

    A stream with its end mark is complete. One without is complete if the answer is: each choice has finished and did
    not continue, and no tool call is open. Then it does not matter whether the end mark is missing or truncated, or the
    connection broke, because repeating the request would only be billed again.

    Args:
        builder: The completion so far.
        end_mark: The end mark of the format.
        is_done: Whether it was read.
        cut_off: Whether the body ended inside an event.
        begun: Whether any chunk came.
    """
    if is_done:
        return None
    if builder.is_settled:
        return failed_finish(builder)
    if not begun and not cut_off:
        return IncompleteStreamError("the stream was empty: no chunk came")
    reasons = [f"no {end_mark} came"]
    if cut_off:
        reasons.append("the last event was cut off")
    if unfinished := builder.unfinished:
        reasons.append(f"no finish reason for choice {', '.join(map(str, unfinished))}")
    return IncompleteStreamError(f"the stream ended early: {', '.join(reasons)}")


def failed_finish(builder: CompletionBuilder) -> ProviderError | None:
    """Return the error for a finish reason that reports a failure; `None` if none does."""
    reason = builder.failure
    return (
        None
        if reason is None
        else ProviderError(f"the stream ended with finish reason {reason!r}", type=reason, body=None)
    )


def anomalies_at_end(
    builder: CompletionBuilder, end_mark: str, *, is_done: bool, broken: bool
) -> Iterator[tuple[AnomalyKind, str]]:
    """Yield the anomalies at the end of a complete stream, each with an excerpt.

    Args:
        builder: The completion.
        end_mark: The end mark of the format.
        is_done: Whether it was read.
        broken: Whether the connection broke, or the last event was cut off.
    """
    if not is_done:
        yield "broken_after_finish" if broken else "missing_done", f"no {end_mark} came"
        return
    if not builder.begun:
        yield "empty_stream", end_mark
    for index in builder.unfinished:
        yield "missing_finish_reason", f"choice {index}"
