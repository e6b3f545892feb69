"""Converting Anthropic's cumulative token counts to OpenAI's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from .._chat._reports import CompletionTokensDetails, PromptTokensDetails, Usage
from .._json._depth import JSONValue
from .._json._reading import read_number

NoteFall: TypeAlias = Callable[[str], object]

_INPUT = "input_tokens"
_CACHE_READ = "cache_read_input_tokens"
_CACHE_WRITTEN = "cache_creation_input_tokens"
_OUTPUT = "output_tokens"
_THINKING = "thinking_tokens"


class UsageCounts:
    """Accumulates token counts. `message_start` has some of them, and each `message_delta` has some again."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}

    def report(self, sent: Mapping[str, JSONValue], note_fall: NoteFall) -> Usage:
        """Add a report. Returns the usage so far.

        `prompt_tokens` is the sum of three counts, because `input_tokens` excludes tokens read from the cache or
        written to it. There is no total, because none is sent.

        Args:
            sent: The report, which is kept unchanged in `extra`.
            note_fall: Called when a count falls back to zero, which some gateways send for unknown counts. The earlier
                count is kept.
        """
        details = sent.get("output_tokens_details")
        thinking = details.get(_THINKING) if isinstance(details, dict) else None
        latest = self._latest
        for name, value in (*((name, sent.get(name)) for name in _COUNTS), (_THINKING, thinking)):
            number = read_number(value)
            if number is None:
                continue
            if name == _INPUT and number == 0 and latest.get(_INPUT):
                note_fall(f"{_INPUT}: 0 after {latest[_INPUT]}")
                continue
            latest[name] = int(number)
        prompt = [latest[name] for name in (_INPUT, _CACHE_READ, _CACHE_WRITTEN) if name in latest]
        read, written = latest.get(_CACHE_READ), latest.get(_CACHE_WRITTEN)
        return Usage(
            prompt_tokens=sum(prompt) if prompt else None,
            completion_tokens=latest.get(_OUTPUT),
            prompt_tokens_details=None
            if read is None and written is None
            else PromptTokensDetails(cached_tokens=read, cache_write_tokens=written),
            completion_tokens_details=None
            if _THINKING not in latest
            else CompletionTokensDetails(reasoning_tokens=latest[_THINKING]),
            extra=dict(sent),
        )


_COUNTS = (_INPUT, _CACHE_READ, _CACHE_WRITTEN, _OUTPUT)
