"""The state of one of Gemini's candidates, and the items for its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from .._chat._chunks import ChoiceDelta, ChoiceDeltaAudio, ChoiceDeltaFunctionCall, ChoiceDeltaToolCall, ChunkChoice
from .._chat._memory import text_of, utf8
from .._json._depth import JSONValue
from .._json._lenient import without_surrogates
from ._base import AnomalyFound, PartEnd, PartStart
from ._gemini_arguments import ArgumentsText, steps_of

Object: TypeAlias = dict[str, JSONValue]

CandidateItem: TypeAlias = ChunkChoice | PartStart | PartEnd | AnomalyFound
"""Any item for a part of a response."""

# The fields of a part beside its data: https://ai.google.dev/api/caching#Part
_BESIDE = frozenset({"thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"})

# A part with only these fields is continued by the next one of its kind.
_TEXT_ALONE = frozenset({"text", "thought"})

_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class _Call:
    """A function call with streamed arguments.

    Attributes:
        part: The part that started it, with the fields that later ones have added.
        number: The index of the call in the candidate.
        arguments: The arguments.
    """

    __slots__ = ("arguments", "number", "part")

    def __init__(self, part: Object, number: int) -> None:
        self.part = part
        self.number = number
        self.arguments = ArgumentsText()

    def goes_on_with(self, call: Object) -> bool:
        """Whether a piece continues this call: only the first one has a name, but each may have the id."""
        before = self.part["functionCall"]
        return not call.get("name") or bool(call.get("id") and call["id"] == before.get("id"))

    def native(self) -> Object:
        """Return the part as it would be without streaming."""
        call = {name: item for name, item in self.part["functionCall"].items() if name not in _STREAMED}
        return {**self.part, "functionCall": {**call, "args": self.arguments.value()}}


_STREAMED = ("partialArgs", "willContinue")


class Candidate:
    """The state of one candidate.

    Attributes:
        index: The index of the candidate.
        finish_reason: The last finish reason. It is final only at the end of the stream, because some models send one
            with each piece, and some after each round of code execution.
        kind: `"text"` or `"reasoning"` while a part of that kind may continue, otherwise `""`.
        has_role: Whether the role has been delivered.
    """

    __slots__ = (
        "_call",
        "_calls",
        "_delivered_reason",
        "_parts",
        "_text",
        "finish_reason",
        "has_role",
        "index",
        "kind",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.finish_reason: str | None = None
        self.kind = ""
        self.has_role = False
        self._text = bytearray()  # the text of the open part
        self._call: _Call | None = None  # the open call
        self._parts = 0  # the number of parts so far
        self._calls = 0
        self._delivered_reason: str | None = None  # the finish reason that was delivered

    def add(self, part: Object) -> Iterator[CandidateItem]:
        """Add the next part. Yields its items."""
        call, text = part.get("functionCall"), part.get("text")
        if isinstance(call, dict):
            yield from self._add_call(call, part)
        elif isinstance(text, str):
            yield from self._add_text(text, part)
        else:
            kind = next((name for name, item in part.items() if item is not None and name not in _BESIDE), "")
            if kind:
                yield from self._add_whole(kind, part, _audio_of(part))
            else:  # nothing, or a signature without data
                yield from self._add_text("", part)

    def add_text(self, text: str) -> None:
        """Add a piece to the open text. The caller delivers it."""
        self._text += utf8(text)

    def finish(self) -> Iterator[CandidateItem]:
        """End the stream: if there is a finish reason, end the last part and deliver the reason."""
        if self.finish_reason == self._delivered_reason:
            return
        # Truncated arguments must not be completed with brackets that the server has not sent.
        if self._call is None or self.finish_reason == "STOP":
            yield from self._end_part()
        self._delivered_reason = self.finish_reason
        yield ChunkChoice(index=self.index, finish_reason=self.finish_reason)

    # ---------------------------------------------------------------- parts

    def _begin_part(self, kind: str) -> PartStart:
        self._parts += 1
        return PartStart(self.index, self._parts - 1, kind)

    def _end_part(self) -> Iterator[CandidateItem]:
        """End the open part, if any."""
        if self._call is not None:
            call, self._call = self._call, None
            yield self._arguments(call, call.arguments.close())
            yield PartEnd(self.index, self._parts - 1, call.native())
        elif self.kind:
            native: Object = {"text": without_surrogates(text_of(self._text))}
            if self.kind == "reasoning":
                native["thought"] = True
            self.kind = ""
            self._text = bytearray()
            yield PartEnd(self.index, self._parts - 1, native)

    def _add_whole(self, kind: str, part: Object, delta: ChoiceDelta | None) -> Iterator[CandidateItem]:
        """Add a part that is complete by itself."""
        yield from self._end_part()
        yield self._begin_part(kind)
        if delta is not None:
            yield ChunkChoice(index=self.index, delta=delta)
        yield PartEnd(self.index, self._parts - 1, part)

    def _add_text(self, text: str, part: Object) -> Iterator[CandidateItem]:
        """Add text or thought. One with a signature must go back as a separate part."""
        kind = "reasoning" if part.get("thought") else "text"
        delta = text_delta(kind, text) if text else None
        if not part.keys() <= _TEXT_ALONE:
            yield from self._add_whole(kind, without_surrogates(part), delta)
        elif delta is not None:
            if self.kind != kind:
                yield from self._end_part()
                yield self._begin_part(kind)
                self.kind = kind
            self.add_text(text)
            yield ChunkChoice(index=self.index, delta=delta)

    # ---------------------------------------------------------------- function calls

    def _add_call(self, call: Object, part: Object) -> Iterator[CandidateItem]:
        values = call.get("partialArgs")
        args = call.get("args")
        goes_on = call.get("willContinue") is True
        opened = self._call
        if opened is not None and opened.goes_on_with(call):
            yield from self._take_beside(opened, part)
        elif call.keys() <= {"willContinue"} and not goes_on:
            if not part.keys() <= {"functionCall"}:  # the end of a call that is over already, with its own signature
                yield from self._add_whole("functionCall", part, None)
            return
        elif goes_on or values is not None:
            yield from self._end_part()
            yield self._begin_part("tool_call")
            self._call = opened = _Call(part, self._calls)
            yield self._started(call, None)
        else:
            if args is not None and not isinstance(args, dict):
                yield AnomalyFound("odd_type", f"args: {args!r}")
            yield from self._end_part()
            yield self._begin_part("tool_call")
            yield self._started(call, _json_text({} if args is None else args))
            yield PartEnd(self.index, self._parts - 1, part)
            return
        yield from self._add_arguments(opened, args, values)
        if not goes_on:
            yield from self._end_part()

    def _take_beside(self, call: _Call, part: Object) -> Iterator[CandidateItem]:
        """Keep other fields of a continued call, such as a signature, or an id that its first piece lacked."""
        before, identifier = call.part, part["functionCall"].get("id")
        before.update((name, item) for name, item in part.items() if name in _BESIDE)
        if isinstance(identifier, str) and identifier and not before["functionCall"].get("id"):
            before["functionCall"]["id"] = identifier
            piece = ChoiceDeltaToolCall(index=call.number, id=identifier)
            yield ChunkChoice(index=self.index, delta=ChoiceDelta(tool_calls=[piece]))

    def _started(self, call: Object, arguments: str | None) -> ChunkChoice:
        name, identifier = call.get("name"), call.get("id")
        piece = ChoiceDeltaToolCall(
            index=self._calls,
            id=identifier if isinstance(identifier, str) else None,
            type="function",
            function=ChoiceDeltaFunctionCall(name=name if isinstance(name, str) else "", arguments=arguments),
        )
        self._calls += 1
        return ChunkChoice(index=self.index, delta=ChoiceDelta(tool_calls=[piece]))

    def _arguments(self, call: _Call, text: str) -> ChunkChoice:
        piece = ChoiceDeltaToolCall(index=call.number, function=ChoiceDeltaFunctionCall(arguments=text))
        return ChunkChoice(index=self.index, delta=ChoiceDelta(tool_calls=[piece]))

    def _add_arguments(self, call: _Call, args: JSONValue, values: JSONValue) -> Iterator[CandidateItem]:
        """Add arguments of an open call, from `args` and from values with paths."""
        said = []
        for name, item in args.items() if isinstance(args, dict) else ():
            said.append(call.arguments.add([name], item))
        for value in values if isinstance(values, list) else ():
            path = steps_of(value.get("jsonPath")) if isinstance(value, dict) else None
            kind = None if path is None else next((name for name in _VALUES if name in value), None)
            item = "" if kind is None else None if kind == "nullValue" else value[kind]
            # A list or an object is not a value, and could be too deep within its path.
            if path is None or isinstance(item, (dict, list)) or (kind is None and not call.arguments.is_within(path)):
                yield AnomalyFound("odd_type", f"partialArgs: {value!r}")
                continue
            said.append(call.arguments.add(path, item, goes_on=value.get("willContinue") is True))
            if said[-1] is None:
                yield AnomalyFound("text_contradicts", f"partialArgs: {value!r}")
        if text := "".join(piece for piece in said if piece):
            yield self._arguments(call, text)


def text_delta(kind: str, text: str) -> ChoiceDelta:
    """Make the delta for a piece of text in this kind of part."""
    return ChoiceDelta(content=text) if kind == "text" else ChoiceDelta(reasoning_content=text)


def _audio_of(part: Object) -> ChoiceDelta | None:
    """Make the delta for an audio part; `None` for other parts."""
    blob = part.get("inlineData")
    if not isinstance(blob, dict):
        return None
    kind, data = blob.get("mimeType"), blob.get("data")
    if not isinstance(kind, str) or not kind.startswith("audio/") or not isinstance(data, str):
        return None
    return ChoiceDelta(audio=ChoiceDeltaAudio(data=data))


def _json_text(value: JSONValue) -> str:
    return msgspec.json.encode(value).decode()
