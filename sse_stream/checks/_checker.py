"""Decodes a body as every stream is decoded, and finds the rules that its server broke."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .._chat._anomalies import AnomalyKind
from .._chat._endings import Ending
from .._chat._limits import Limits
from .._decoding._reader import EventReader
from .._errors import (
    ChunkDecodeError,
    EventTooLargeError,
    OutputTooLargeError,
    ProviderError,
    SSEStreamError,
)
from .._sources._source import Source
from .._streams._body import Body
from ..dialects import Dialect
from ..dialects._formats import (
    ANTHROPIC_MESSAGES,
    GEMINI_CONTENT,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    format_of,
)
from ._answer import inspect_answer
from ._anthropic import AnthropicInspector
from ._blocks import Block, SeenEvent, blocks, events_of
from ._capture import Capture
from ._chat import ChatInspector
from ._findings import Findings, Place
from ._framing import FramingInspector, is_misspelled_stream
from ._gemini import GeminiInspector
from ._response import inspect_head, inspect_times
from ._responses import ResponsesInspector

_TITLE = re.compile(r"the (?:stream ended early|(?:body|response) is not an event stream): ")


class Inspector(Protocol):
    """Finds broken rules in the events of one format."""

    def event(self, seen: SeenEvent, place: Place) -> None:
        """Check an event."""

    def end(self, place: Place) -> None:
        """Check what is known at the end of the stream."""


FAMILIES: Mapping[str, tuple[str, Callable[[Findings], Inspector]]] = {
    OPENAI_CHAT: ("CHAT", ChatInspector),
    ANTHROPIC_MESSAGES: ("ANTH", AnthropicInspector),
    OPENAI_RESPONSES: ("RESP", ResponsesInspector),
    GEMINI_CONTENT: ("GEMI", GeminiInspector),
}
"""The family of rules of each format, and its inspector."""


class Checker:
    """Checks one response.

    Args:
        capture: The response.
        findings: Collects the findings.
        dialect: The wire format; `None` to detect it.
        limits: Limits on memory.
        framing_only: Whether to check only the framing.

    Attributes:
        events: The number of events.
        ending: How the stream ended.
        format: The name of the format; `""` if it is unknown.
    """

    def __init__(
        self, capture: Capture, findings: Findings, dialect: Dialect | None, limits: Limits, *, framing_only: bool
    ) -> None:
        self._capture = capture
        self._findings = findings
        self._reader = EventReader(dialect, strict=False, limits=limits, keepalives=False)
        self._limits = limits
        self._decodes = not framing_only
        self._inspector: Inspector | None = None
        self._known: dict[AnomalyKind, int] = {}
        self._last = Place()
        self._last_line = 0
        self._data = ""  # of the last event
        self._end_mark: int | None = None
        self._span = (0, 0)  # of all events
        self.events = 0
        self.ending: Ending = "open"
        self.format = ""
        if dialect is not None:
            self._settle(dialect.name)

    def run(self) -> None:
        """Check the response."""
        capture = self._capture
        inspect_head(capture, self._findings)
        body = Body(Source(response=None, status=capture.status, headers=capture.headers), self._limits)
        body.add(capture.body, at_end=True)
        is_misspelled = body.kind == "foreign" and is_misspelled_stream(capture.body)
        is_empty_feed = not (self._decodes or capture.body or body.kind == "status")
        if body.kind == "stream" or is_misspelled or is_empty_feed:
            self._check_stream()
        elif self._decodes and body.document is not None and self._reader.take_document(body.document):
            self._drain(Place(line=1))
            self._name_format(self._reader.dialect.name)
            self._end()
        elif body.kind != "status":
            excerpt = capture.body[:400].decode("utf-8", "replace")
            self._findings.add("not_a_stream", Place(line=1), excerpt, detail=_reason(body.error()))
            self.ending = "invalid"
        else:
            self.ending = "provider_error"
        inspect_times(capture, self._findings, events=self.events, span=self._span, end_mark=self._end_mark)

    def _check_stream(self) -> None:
        framing = FramingInspector(self._findings, self._capture.body)
        for block in blocks(self._capture.body):
            seen = list(events_of(block))
            first = block.lines[0]
            begins = next((line for line in block.lines if line.text and not line.text.startswith(b":")), first)
            self._last = Place(event=self.events + 1 if seen else 0, offset=begins.offset, line=begins.number)
            self._last_line = block.lines[-1].number
            framing.block(block, self._last.event)
            self.events += len(seen)
            if seen:
                self._span = (self._span[0] if self._span[1] else begins.offset, block.end)
            if self._decodes:
                self._inspect(seen)
                self._decode(block)
            else:
                framing.meaning(block, seen, self._last)
        if self._decodes:
            self._end()
        elif self._capture.broken:
            self._findings.add("connection_broken", self._last, detail=self._capture.broken)
            self.ending = "transport_error"
        else:
            self.ending = "truncated" if framing.is_cut_off else "complete"

    def _inspect(self, seen: Sequence[SeenEvent]) -> None:
        self._data = seen[-1].data if seen else ""
        for number, event in enumerate(seen):
            if not self.format:
                self._settle(format_of(event.value, event.name or "message"))
            line = event.line
            place = Place(event=self._last.event + number, offset=line.offset, line=line.number)
            if event.duplicate_key is not None:
                self._findings.add("duplicate_key", place, event.data, detail=event.duplicate_key)
            if self._inspector is not None:
                self._inspector.event(event, place)

    def _settle(self, name: str | None) -> None:
        if name is None or name not in FAMILIES:
            return
        self._name_format(name)
        self._inspector = FAMILIES[name][1](self._findings)

    def _name_format(self, name: str) -> None:
        if name in FAMILIES:
            self.format = name
            self._findings.family = FAMILIES[name][0]

    # ---------------------------------------------------------------- decoding

    def _decode(self, block: Block) -> None:
        if self._reader.error is not None:
            return
        was_done = self._reader.ending == "complete"
        self._reader.take(block.data)
        if block.is_closed and len(block.lines) == 1:
            return  # an extra blank line: there may be millions
        self._drain(self._last)
        if not was_done and self._reader.ending == "complete":
            self._end_mark = block.end

    def _drain(self, place: Place) -> None:
        """Decode what was taken, and add its anomalies."""
        try:
            while self._reader.next_event() is not None:
                pass
        except SSEStreamError as error:
            self._add_anomalies(place)
            self._fail(error, place)
        else:
            self._add_anomalies(place)

    def _add_anomalies(self, place: Place) -> None:
        for anomaly in self._reader.anomalies:
            more = anomaly.count - self._known.get(anomaly.kind, 0)
            if more:
                self._known[anomaly.kind] = anomaly.count
                # The sample of this kind is a delta as it was read, not as it was received.
                excerpt = self._data if anomaly.kind == "content_after_finish" else anomaly.sample
                self._findings.add(anomaly.kind, place, excerpt, count=more)

    def _fail(self, error: SSEStreamError, place: Place) -> None:
        findings = self._findings
        match error:
            case ProviderError():
                if not findings.has_any(("error_field",)):
                    excerpt = json.dumps(error.body, ensure_ascii=False) if error.body is not None else ""
                    findings.add("provider_error", place, excerpt, detail=str(error.message))
            case ChunkDecodeError():
                data = error.data
                is_json = data.lstrip()[:1] in ("{", "[") and _is_json(data)
                findings.add("unknown_format" if is_json else "undecodable", place, data)
            case EventTooLargeError():
                findings.add("event_too_large", place, detail=f"the limit is {error.limit:,} bytes")
            case OutputTooLargeError():
                findings.add("event_too_large", place, detail=str(error))
            case _:  # IncompleteStreamError: decoding raises no other
                findings.add("truncated", place, detail=_reason(error))

    def _end(self) -> None:
        """Check the end of the body."""
        reader, capture = self._reader, self._capture
        at_end = Place(event=self.events, offset=len(capture.body), line=self._last_line)
        if capture.broken:
            if reader.ending == "complete":
                self._findings.add("broken_after_finish", at_end, detail=capture.broken)
            elif reader.is_settled:
                reader.broken = True
            elif reader.error is None:
                self._findings.add("connection_broken", at_end, detail=capture.broken)
                self.ending = "transport_error"
                return
        if reader.error is None:
            reader.end()
            self._drain(at_end)
        self.ending = reader.ending
        if self.ending == "complete":
            if self._inspector is not None:
                self._inspector.end(at_end)
            if capture.wants_usage and reader.completion.usage is None and self.format == OPENAI_CHAT:
                self._findings.add("usage_ignored", at_end)
        inspect_answer(reader.completion, self.ending, self._findings, at_end)


def _reason(error: SSEStreamError) -> str:
    """Return the message of an error without what the title of its rule already says."""
    return _TITLE.sub("", str(error))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
