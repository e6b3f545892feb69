"""Separating reasoning between `<think>` tags from content, for MiniMax and servers without a reasoning parser."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, TypeAlias

from msgspec.structs import force_setattr, replace

from .._chat._chunks import SPELLING, ChatCompletionChunk, ChoiceDelta, ChunkChoice, with_origin
from .._chat._message import Message
from .._chat._turns import register_content

_OPEN = "<think>"
_CLOSE = "</think>"

Place: TypeAlias = Literal["before", "inside", "behind"]
"""The position in the content of a choice: before any text, inside the tags, or behind them."""


class _TaggedText:
    """Splits the content of one choice. At most the beginning of a tag is held back."""

    __slots__ = ("_held", "_place")

    def __init__(self) -> None:
        self._place: Place = "before"
        self._held = ""  # text that may be the beginning of a tag

    def add(self, text: str) -> tuple[str, str]:
        """Add a piece. Returns the reasoning and the text that can be delivered."""
        if self._place == "behind":
            return "", text
        text = self._held + text
        self._held = ""
        if self._place == "before":
            space = text[: len(text) - len(text.lstrip())]
            told = text[len(space) :]
            if not told.startswith(_OPEN):
                if not _OPEN.startswith(told):
                    self._place = "behind"
                    return "", text
                self._held = told
                return "", space
            self._place = "inside"
            reasoning, rest = self.add(told[len(_OPEN) :])
            return reasoning, space + rest
        reasoning, found, rest = text.partition(_CLOSE)
        if found:
            self._place = "behind"
            return reasoning, rest
        size = max((size for size in range(1, len(_CLOSE)) if text.endswith(_CLOSE[:size])), default=0)
        self._held = text[len(text) - size :]
        return text[: len(text) - size], ""

    def end(self) -> tuple[str, str]:
        """End the content. Returns the reasoning and the text that were held back, since they are not a tag."""
        held, self._held = self._held, ""
        return (held, "") if self._place == "inside" else ("", held)

    @property
    def waits(self) -> bool:
        """Whether anything is held back."""
        return bool(self._held)


class ThinkTags:
    """Separates reasoning from text in all choices of a stream."""

    __slots__ = ("_choices",)

    def __init__(self) -> None:
        self._choices: dict[int, _TaggedText] = {}

    def untag(self, chunk: ChatCompletionChunk) -> ChatCompletionChunk:
        """Return the chunk with tagged reasoning moved to `reasoning_content`."""
        choices = [self._choice(choice) for choice in chunk.choices]
        return _marked(with_origin(replace(chunk, choices=choices), chunk), chunk.choices)

    def rest(self) -> Iterator[ChatCompletionChunk]:
        """End the stream. Yields a chunk with the text that is still held back, if any."""
        waiting = [ChunkChoice(index=index) for index, text in self._choices.items() if text.waits]
        if waiting:
            choices = [
                replace(choice, delta=_with(choice.delta, *self._choices[choice.index].end())) for choice in waiting
            ]
            yield _marked(ChatCompletionChunk(choices=choices), waiting)

    def _choice(self, choice: ChunkChoice) -> ChunkChoice:
        text = self._choices.get(choice.index)
        if text is None:
            text = self._choices[choice.index] = _TaggedText()
        delta, message = choice.delta, choice.message
        reasoning, content = text.add(delta.content or "")
        if choice.finish_reason:
            held, left = text.end()
            reasoning, content = reasoning + held, content + left
        if message is not None:
            whole = _TaggedText()
            thought, said = whole.add(message.content or "")
            held, left = whole.end()
            message = _with(message, thought + held, said + left)
        return replace(choice, delta=_with(delta, reasoning, content), message=message)


def _marked(chunk: ChatCompletionChunk, sent: Collection[ChunkChoice]) -> ChatCompletionChunk:
    """Store in the chunk which choices had reasoning between tags: those with more than was sent as reasoning.

    Returns the same chunk.
    """
    tagged = [
        choice.index
        for choice, other in zip(chunk.choices, sent, strict=True)
        if _reasoning(choice) != _reasoning(other)
    ]
    if tagged:
        force_setattr(chunk, SPELLING, dict.fromkeys(tagged, "think_tags"))
    return chunk


def _reasoning(choice: ChunkChoice) -> list[str | None]:
    return [delta.reasoning_content for delta in (choice.delta, choice.message) if delta is not None]


def _with(delta: ChoiceDelta, reasoning: str, content: str) -> ChoiceDelta:
    """Return the delta with this content, and this reasoning added to its own."""
    told = (delta.reasoning_content or "") + reasoning if reasoning else delta.reasoning_content
    return replace(delta, content=content if delta.content is not None or content else None, reasoning_content=told)


def _tagged(message: Message) -> str:
    """Make the content as it was sent: the reasoning between tags, and the text."""
    return f"{_OPEN}{message.reasoning}{_CLOSE}{message.content or ''}"


register_content("think_tags", _tagged)
