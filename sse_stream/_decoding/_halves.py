"""Surrogate pairs whose halves come in two deltas: the first waits for the second."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from .._chat._anomalies import OnAnomaly
from .._chat._chunks import (
    SOURCE,
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChunkChoice,
    with_source,
)
from .._json._depth import JSONValue
from .._json._lenient import without_halves

S = TypeVar("S", bound=msgspec.Struct)

Channel: TypeAlias = tuple[int, str, Hashable]
"""Where text goes: the choice's index, the field, and which of the things in it."""

_TEXTS = ("content", "refusal", "reasoning_content", "reasoning", "reasoning_text")
_BLOCKS = ("reasoning_details", "thinking_blocks")
_BLOCK_TEXTS = ("text", "summary", "thinking")

_LONE = "\ufffd"

_encode = msgspec.json.Encoder().encode


class Halves:
    r"""Puts the halves of surrogate pairs together, in whatever text of a choice they are, and however far apart.

    JSON can say a half, `"\ud83d"`; text cannot. What no other half follows becomes U+FFFD: when another text comes in
    its place, when the choice finishes, or at the end.

    Attributes:
        waiting: The first halves that wait.
    """

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[Channel, str] = {}

    def mend(self, chunk: ChatCompletionChunk, note: OnAnomaly) -> ChatCompletionChunk:
        """The chunk without halves: those that wait are put before what belongs to them.

        Args:
            chunk: Any chunk.
            note: Told each anomaly.
        """
        if not self.waiting and not _has_halves(chunk):
            return chunk
        choices = [self._choice(choice, note) for choice in chunk.choices]
        return with_source(_cleaned(replace(chunk, choices=choices)), getattr(chunk, SOURCE, None))

    def rest(self, note: OnAnomaly) -> Iterator[ChatCompletionChunk]:
        """The stream ends: a chunk with what still waits, if anything does."""
        if self.waiting:
            indices = sorted({index for index, _, _ in self.waiting})
            choices = [ChunkChoice(index=index, delta=self._flushed(index, ChoiceDelta(), note)) for index in indices]
            yield ChatCompletionChunk(choices=choices)

    def _choice(self, choice: ChunkChoice, note: OnAnomaly) -> ChunkChoice:
        index, delta = choice.index, choice.delta
        said: dict[str, JSONValue] = {
            name: self._join((index, name, None), text, note) for name in _TEXTS if (text := getattr(delta, name))
        }
        for name in _BLOCKS:
            blocks = getattr(delta, name)
            if blocks:
                said[name] = [
                    self._block((index, name, place), block, note) if isinstance(block, dict) else block
                    for place, block in enumerate(blocks)
                ]
        if delta.tool_calls:
            said["tool_calls"] = [mended for piece in delta.tool_calls for mended in self._call(index, piece, note)]
        call = delta.function_call
        if call is not None and call.arguments:
            said["function_call"] = replace(
                call, arguments=self._join((index, "function_call", None), call.arguments, note)
            )
        audio = delta.audio
        if audio is not None and audio.transcript:
            said["audio"] = replace(audio, transcript=self._join((index, "audio", None), audio.transcript, note))
        if choice.message is not None and said and any(where == index for where, _, _ in self.waiting):
            choice = replace(choice, message=None)  # the delta counts, though what it says waits
        delta = replace(delta, **said)
        return replace(choice, delta=self._flushed(index, delta, note) if choice.finish_reason else delta)

    def _block(self, channel: Channel, block: dict[str, JSONValue], note: OnAnomaly) -> dict[str, JSONValue]:
        index, field, place = channel
        where = block.get("index", place)
        channel = (index, field, where if isinstance(where, int) else place)
        texts = {name: text for name in _BLOCK_TEXTS if isinstance(text := block.get(name), str)}
        return {**block, **{name: self._join(channel, text, note) for name, text in texts.items()}}

    def _call(self, index: int, piece: ChoiceDeltaToolCall, note: OnAnomaly) -> Iterator[ChoiceDeltaToolCall]:
        channel = (index, "tool_calls", piece.index)
        function, custom = piece.function, piece.custom
        names = (function is not None and function.name) or (custom is not None and custom.name)
        if names and channel in self.waiting:  # perhaps another call, to which the half does not belong
            note("lone_surrogate", repr(self.waiting.pop(channel)))
            yield _call_of(piece.index)
        if function is not None and function.arguments:
            piece = replace(piece, function=replace(function, arguments=self._join(channel, function.arguments, note)))
        elif custom is not None and custom.input:
            piece = replace(piece, custom=replace(custom, input=self._join(channel, custom.input, note)))
        yield piece

    def _join(self, channel: Channel, text: str, note: OnAnomaly) -> str:
        """The text, with the half that waited for it, and without one that has to wait."""
        if not text:
            return text
        half = self.waiting.pop(channel, "")
        if half:
            if "\udc00" <= text[0] <= "\udfff":
                note("split_surrogate", repr(half + text))
            else:
                note("lone_surrogate", repr(half))
        text = half + text
        if "\ud800" <= text[-1] <= "\udbff":
            self.waiting[channel] = text[-1]
            text = text[:-1]
        whole: str = without_halves(text)
        if whole.count(_LONE) > text.count(_LONE) + (half != "" and whole.startswith(_LONE)):
            note("lone_surrogate", repr(text))
        return whole

    def _flushed(self, index: int, delta: ChoiceDelta, note: OnAnomaly) -> ChoiceDelta:
        """The delta, with all that waits for its choice."""
        said: dict[str, JSONValue] = {}
        for channel in [channel for channel in self.waiting if channel[0] == index]:
            note("lone_surrogate", repr(self.waiting.pop(channel)))
            _, field, place = channel
            if field in _TEXTS:
                said[field] = (getattr(delta, field) or "") + _LONE
            elif field == "tool_calls":
                pieces = said.get(field) or delta.tool_calls or []
                said[field] = [*pieces, _call_of(place if isinstance(place, int) else None)]
            elif field == "function_call":
                call = delta.function_call or ChoiceDeltaFunctionCall()
                said[field] = replace(call, arguments=(call.arguments or "") + _LONE)
        return replace(delta, **said)


def _call_of(index: int | None) -> ChoiceDeltaToolCall:
    return ChoiceDeltaToolCall(index=index, function=ChoiceDeltaFunctionCall(arguments=_LONE))


def _has_halves(chunk: ChatCompletionChunk) -> bool:
    try:
        _encode(chunk)
    except UnicodeEncodeError:
        return True
    return False


def _cleaned(struct: S) -> S:
    """The struct with U+FFFD for what halves are left in it, where no other half is waited for."""
    return replace(struct, **{name: _clean(getattr(struct, name)) for name in struct.__struct_fields__})


def _clean(value: JSONValue) -> JSONValue:
    if isinstance(value, msgspec.Struct):
        return _cleaned(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return without_halves(value) if value else value
