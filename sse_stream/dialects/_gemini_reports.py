"""Converting the usage, log probabilities, creation time and errors of Gemini's responses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from .._chat._reports import (
    ChoiceLogprobs,
    CompletionTokensDetails,
    PromptTokensDetails,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from .._errors import ProviderError
from .._json._depth import JSONValue
from .._json._reading import read_number
from ._base import AnomalyFound
from ._provider_errors import provider_error


class UsageCounts:
    """Accumulates the counts of `usageMetadata`. Each report has some of them, and the last value of each counts.

    Prompt and completion tokens are sums, because `candidatesTokenCount` excludes thoughts, and `promptTokenCount`
    excludes what server tools have added to the prompt.
    """

    __slots__ = ("_cached", "_candidates", "_prompt", "_thoughts", "_tools", "_total")

    def __init__(self) -> None:
        self._prompt: int | None = None
        self._tools: int | None = None
        self._candidates: int | None = None
        self._thoughts: int | None = None
        self._cached: int | None = None
        self._total: int | None = None

    def add(self, report: dict[str, JSONValue]) -> Usage | None:
        """Add a report.

        Returns:
            The counts so far, with the report itself as their `extra`; `None`, leaving the state unchanged, if a count
            is not an integer.
        """
        count = report.get
        prompt = count("promptTokenCount", self._prompt)
        tools = count("toolUsePromptTokenCount", self._tools)
        candidates = count("candidatesTokenCount", self._candidates)
        thoughts = count("thoughtsTokenCount", self._thoughts)
        cached = count("cachedContentTokenCount", self._cached)
        total = count("totalTokenCount", self._total)
        if not _WHOLE.issuperset(map(type, (prompt, tools, candidates, thoughts, cached, total))):
            return None
        self._prompt, self._tools, self._candidates = prompt, tools, candidates
        self._thoughts, self._cached, self._total = thoughts, cached, total
        return Usage(
            prompt_tokens=prompt if tools is None else tools + (prompt or 0),
            completion_tokens=candidates if thoughts is None else thoughts + (candidates or 0),
            total_tokens=total,
            prompt_tokens_details=None if cached is None else PromptTokensDetails(cached_tokens=cached),
            completion_tokens_details=None if thoughts is None else CompletionTokensDetails(reasoning_tokens=thoughts),
            extra=report,
        )


_WHOLE = frozenset({int, type(None)})
_COUNTS = frozenset(
    {
        "promptTokenCount",
        "toolUsePromptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
        "totalTokenCount",
    }
)


def readable_report(report: dict[str, JSONValue]) -> tuple[dict[str, JSONValue], list[AnomalyFound]]:
    """Return a report with only integer counts, converting others or omitting them, and the anomalies."""
    readable = {}
    found = []
    for name, value in report.items():
        if name not in _COUNTS or type(value) is int:
            readable[name] = value
        elif value is not None:
            found.append(AnomalyFound("odd_type", f"{name}: {value!r}"))
            number = read_number(value)
            if number is not None:
                readable[name] = int(number)
    return readable, found


def logprobs_of(result: JSONValue) -> ChoiceLogprobs | None:
    """Convert a `logprobsResult`; `None` if there is none, or if it is malformed."""
    if not isinstance(result, dict) or not isinstance(chosen := result.get("chosenCandidates"), list):
        return None
    steps = result.get("topCandidates")
    steps = steps if isinstance(steps, list) else []
    tokens = []
    for place, token in enumerate(chosen):
        if not isinstance(token, dict):
            return None
        step = steps[place] if place < len(steps) else None
        others = step.get("candidates") if isinstance(step, dict) else None
        top = None
        if isinstance(others, list):
            top = [TopLogprob(**_token(other)) for other in others if isinstance(other, dict)]
        tokens.append(TokenLogprob(**_token(token), top_logprobs=top))
    return ChoiceLogprobs(content=tokens)


def _token(token: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    text, number = token.get("token"), read_number(token.get("logProbability"))
    fields: dict[str, JSONValue] = {"token": text if isinstance(text, str) else ""}
    if number is not None:
        fields["logprob"] = float(number)
    beside = {name: item for name, item in token.items() if name not in ("token", "logProbability")}
    return {**fields, "extra": beside} if beside else fields


def seconds_of(time: str) -> int | None:
    """Convert a `createTime` to seconds since 1970; `None` if it is not a time.

    >>> seconds_of("2026-04-02T17:03:50.399550Z")
    1775149430
    """
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def gemini_error(body: JSONValue, carrier: JSONValue = None) -> ProviderError:
    """Create the exception for Google's error: `{"error": {"code": 503, "message": …, "status": "UNAVAILABLE"}}`.

    The `status` becomes the `type` of the exception. https://google.aip.dev/193
    """
    failure = provider_error(body, carrier)
    error = body.get("error") if isinstance(body, dict) else None
    status = error.get("status") if isinstance(error, dict) else None
    if failure.type is None and isinstance(status, str):
        failure.type = status
    return failure
