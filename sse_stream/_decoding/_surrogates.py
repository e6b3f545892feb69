"""Rejoining surrogate pairs that are split between deltas."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from .._chat._anomalies import OnAnomaly
from .._chat._chunks import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChoiceDeltaAudio,
    ChoiceDeltaFunctionCall,
    ChoiceDeltaToolCall,
    ChunkChoice,
    with_origin,
)
from .._json._depth import JSONValue
from .._json._lenient import LONE, without_surrogates

S = TypeVar("S", bound=msgspec.Struct)

Channel: TypeAlias = tuple[int, str, Hashable]
"""Identifies a text: the index of the choice, the field, and the item in the field."""

_TEXTS = ("content", "refusal", "reasoning_content", "reasoning", "reasoning_text")
_BLOCKS = ("reasoning_details", "thinking_blocks")
_BLOCK_TEXTS = ("text", "summary", "thinking")

_encode = msgspec.json.Encoder().encode


class Surrogates:
    r"""Rejoins split surrogate pairs in any text of a choice, however far apart the halves are.

    JSON can express a lone surrogate, `"\ud83d"`, but text must not contain one. A high surrogate is held back until
    its text continues. If no low surrogate follows, it becomes U+FFFD when its text continues, when a part of
    the choice ends, when the choice finishes, or at the end of the stream.

    Attributes:
        waiting: The high surrogates that are held back.
    """

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[Channel, str] = {}

    def mend(self, chunk: ChatCompletionChunk, note: OnAnomaly) -> ChatCompletionChunk:
        """Return the chunk without lone surrogates, with those held back prepended to their text.

        Args:
            chunk: Any chunk.
            note: Called with each anomaly.
        """
        if not self.waiting and not _has_surrogates(chunk):
            return chunk
        choices = [self._choice(choice, note) for choice in chunk.choices]
        return with_origin(_cleaned(replace(chunk, choices=choices)), chunk)

    def rest(self, note: OnAnomaly, choice: int | None = None) -> Iterator[ChatCompletionChunk]:
        """End the texts of this choice, or all texts. Yields a chunk for what is still held back, if anything."""
        indices = sorted({index for index, _, _ in self.waiting if choice in (None, index)})
        if indices:
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
                    self._block(index, name, place, block, note) if isinstance(block, dict) else block
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
            choice = replace(choice, message=None)  # the delta counts, even though its text is held back
        delta = replace(delta, **said)
        return replace(choice, delta=self._flushed(index, delta, note) if choice.finish_reason else delta)

    def _block(
        self, index: int, field: str, place: int, block: dict[str, JSONValue], note: OnAnomaly
    ) -> dict[str, JSONValue]:
        number, kind = block.get("index"), block.get("type")
        own: list[tuple[str, Hashable]] = [("type", kind)] if isinstance(kind, str) else []
        if isinstance(number, int):
            own.append(("index", number))
            place = number  # it says which block it is, wherever it is
        texts = {name: text for name in _BLOCK_TEXTS if isinstance(text := block.get(name), str)}
        whole = {name: self._join((index, field, (name, place, *own)), text, note) for name, text in texts.items()}
        return {**block, **whole}

    def _call(self, index: int, piece: ChoiceDeltaToolCall, note: OnAnomaly) -> Iterator[ChoiceDeltaToolCall]:
        channel = (index, "tool_calls", piece.index)
        function, custom = piece.function, piece.custom
        names = (function is not None and function.name) or (custom is not None and custom.name)
        if names and channel in self.waiting:  # a name may start another call, to which the surrogate does not belong
            note("lone_surrogate", repr(self.waiting.pop(channel)))
            yield _call_of(piece.index)
        if function is not None and function.arguments:
            piece = replace(piece, function=replace(function, arguments=self._join(channel, function.arguments, note)))
        elif custom is not None and custom.input:
            piece = replace(piece, custom=replace(custom, input=self._join(channel, custom.input, note)))
        yield piece

    def _join(self, channel: Channel, text: str, note: OnAnomaly) -> str:
        """Prepend the surrogate held back for this text, and hold back one at its end."""
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
        whole: str = without_surrogates(text)
        if whole.count(LONE) > text.count(LONE) + (half != "" and whole.startswith(LONE)):
            note("lone_surrogate", repr(text))
        return whole

    def _flushed(self, index: int, delta: ChoiceDelta, note: OnAnomaly) -> ChoiceDelta:
        """Return the delta with everything held back for its choice."""
        said: dict[str, JSONValue] = {}
        for channel in [channel for channel in self.waiting if channel[0] == index]:
            note("lone_surrogate", repr(self.waiting.pop(channel)))
            _, field, place = channel
            if field in _TEXTS:
                said[field] = (getattr(delta, field) or "") + LONE
            elif field == "tool_calls":
                pieces = said.get(field) or delta.tool_calls or []
                said[field] = [*pieces, _call_of(place if isinstance(place, int) else None)]
            elif field == "function_call":
                call = delta.function_call or ChoiceDeltaFunctionCall()
                said[field] = replace(call, arguments=(call.arguments or "") + LONE)
            elif field == "audio":
                audio = delta.audio or ChoiceDeltaAudio()
                said[field] = replace(audio, transcript=(audio.transcript or "") + LONE)
            else:
                assert isinstance(place, tuple)  # noqa: S101  # for type checkers
                name, _, *own = place
                blocks = said.get(field) or getattr(delta, field) or []
                said[field] = [*blocks, {**dict(own), name: LONE}]
        return replace(delta, **said)


def _call_of(index: int | None) -> ChoiceDeltaToolCall:
    return ChoiceDeltaToolCall(index=index, function=ChoiceDeltaFunctionCall(arguments=LONE))


def _has_surrogates(chunk: ChatCompletionChunk) -> bool:
    try:
        _encode(chunk)
    except UnicodeEncodeError:
        return True
    return False


def _cleaned(struct: S) -> S:
    """Return the struct with U+FFFD for lone surrogates in its other fields, which are never rejoined."""
    return replace(struct, **{name: _clean(getattr(struct, name)) for name in struct.__struct_fields__})


def _clean(value: JSONValue) -> JSONValue:
    if isinstance(value, msgspec.Struct):
        return _cleaned(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return without_surrogates(value) if value else value
