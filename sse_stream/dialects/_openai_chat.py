"""OpenAI's chat completions, and what is compatible with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec.structs import force_setattr

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import SOURCE, SPELLING, ChatCompletionChunk, with_source
from .._chat._message import OPENAI_CHAT, Message
from .._chat._model import refuse_extra
from .._chat._shapes import register_shape
from .._errors import ChunkDecodeError
from .._json._depth import MAX_DEPTH, JSONValue, is_deep
from .._json._lenient import loads
from .._json._reading import read_struct
from .._sse._event import ServerSentEvent
from ._base import AnomalyFound, Done, Failure, Item, Ping
from ._extras import decode_with_extras, has_extras
from ._framing import is_end_mark, is_keepalive, is_whole_object
from ._provider_errors import error_field, error_in_ruins, error_in_text, find_error, provider_error
from ._quirks import CHUNK_FIELDS, is_chunk, normalized, reasoning_in_content
from ._think_tags import ThinkTags

_DONE = Done()


class OpenAIChat:
    """The dialect of `POST /v1/chat/completions` with `"stream": true`.

    Strict model first: an event that fits it is decoded by msgspec in one go. What does not fit is read
    again by the tolerant path, where every quirk has its place.

    Args:
        think_tags: Whether `<think>` at the beginning of the content is the beginning of reasoning, which
            `</think>` ends, as servers write it that do not tell the two apart. Without, tags are text.

    >>> OpenAIChat().decode(ServerSentEvent('{"choices": [{"index": 0, "delta": {"content": "Hi"}}]}'))[0].choices
    [ChunkChoice(index=0, delta=ChoiceDelta(content='Hi'))]
    """

    __slots__ = ("_decode", "_expects_extras", "_tags")

    name = OPENAI_CHAT
    end_mark = "[DONE]"

    def __init__(self, *, think_tags: bool = False) -> None:
        self._tags = ThinkTags() if think_tags else None
        decode = msgspec.json.Decoder(ChatCompletionChunk, dec_hook=refuse_extra).decode
        # Under WebAssembly deep JSON does not raise: the whole interpreter dies.
        self._decode = _shallow(decode) if sys.platform == "emscripten" else decode
        self._expects_extras = False  # whether the last chunk had fields that the model does not name

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        """One well-formed chunk, with fields of the provider's own or without; `None` for anything else.

        Args:
            data: The event's data.
            event: Its name: a chunk has none.
        """
        if event != "message":
            return None
        if self._expects_extras:
            chunk = decode_with_extras(data)
            self._expects_extras = chunk is not None and has_extras(chunk)
        else:
            try:
                chunk = self._decode(data)
            except (ValueError, RecursionError):
                chunk = decode_with_extras(data)
                self._expects_extras = chunk is not None
            else:
                if not chunk.choices and not _has_choices(data):
                    return None
        if chunk is not None:
            force_setattr(chunk, SOURCE, data)  # `with_source`, without the call
            if self._tags is not None:
                return self._tags.untag(chunk)
        return chunk

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        """An `error` field: llama.cpp reports failures in a field that the standard does not know.

        Args:
            name: The field's name; what is not called `error` means nothing.
            value: The error as JSON, or as text.
        """
        return error_field(name, value)

    def is_whole(self, data: str) -> bool:
        """Whether the data is `[DONE]`, a JSON object, or a keep-alive.

        Args:
            data: A `data` line, or the data of an event.
        """
        text = data.strip()
        return is_end_mark(text) or text.startswith(":") or is_whole_object(text)

    def end(self) -> Sequence[Item]:
        """Nothing, for the end of a chat is in its bytes; or the beginning of what might have been a tag."""
        return () if self._tags is None else [*self._tags.rest()]

    @property
    def decodes_alike(self) -> bool:
        """Whether `decode_plain` makes the same of the same data, whatever came before."""
        return self._tags is None

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """The message itself, as `messages` of the next request take it.

        Args:
            message: The message.
        """
        return message.to_dict()

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """What one event means, read tolerantly: see `Dialect.decode`.

        Args:
            event: Any event that `decode_plain` has not read.

        Raises:
            ChunkDecodeError: Its data is neither a JSON object nor `[DONE]`, a keep-alive or an error.
        """
        items = self._read(event)
        return items if self._tags is None else [*self._untagged(self._tags, items)]

    @staticmethod
    def _untagged(tags: ThinkTags, items: Sequence[Item]) -> Iterator[Item]:
        for item in items:
            if isinstance(item, Done):
                yield from tags.rest()
            yield tags.untag(item) if isinstance(item, ChatCompletionChunk) else item

    def _read(self, event: ServerSentEvent) -> Sequence[Item]:
        text = event.data.strip()
        if text == "[DONE]":
            return (_DONE,)
        if not text or text.startswith(":"):
            return (AnomalyFound("keepalive_as_data", event.data), Ping(text.lstrip(": ")))
        if is_end_mark(text):
            return (AnomalyFound("odd_end_mark", event.data), _DONE)
        try:
            value, loose = loads(text, keep_halves=True)
        except ChunkDecodeError as error:
            return self._no_json(event, text, error)
        items: list[Item] = [AnomalyFound("loose_json", text)] if loose else []
        if event.event == "error":
            return (*items, Failure(provider_error(value)))
        if is_keepalive(event.event, value):
            return (*items, AnomalyFound("keepalive_as_data", event.data), Ping(text))
        if isinstance(value, list) and value and isinstance(value[0], dict) and find_error(value[0]) is not None:
            return (*items, Failure(provider_error(value, find_error(value[0]))))
        if not isinstance(value, dict):
            raise ChunkDecodeError(f"a chunk is a JSON object, not {text[:200]!r}", data=event.data)
        carrier = find_error(value)
        if carrier is None:
            return (*items, *self._chunk(value, text))
        failure = Failure(provider_error(value, carrier))
        if is_chunk(value):
            # What a chunk says beside an error came with it: it is delivered, then the error.
            return (*items, *self._chunk(value, text), failure)
        return (*items, failure)

    def _no_json(self, event: ServerSentEvent, text: str, error: ChunkDecodeError) -> Sequence[Item]:
        """What data means that is no JSON.

        Raises:
            ChunkDecodeError: It means nothing.
        """
        if is_keepalive(event.event, None):
            return (AnomalyFound("keepalive_as_data", event.data), Ping(text))
        if event.event == "error":
            return (Failure(error_in_ruins(text) or provider_error(text)),)
        told = error_in_text(text)
        if told is not None:
            return (Failure(told),)
        told = error_in_ruins(text)
        if told is not None:
            return (AnomalyFound("interrupted_event", event.data), Failure(told))
        raise error

    def _chunk(self, value: dict[str, JSONValue], text: str) -> Sequence[Item]:
        items: list[Item] = []

        def note(kind: AnomalyKind, sample: str) -> None:
            items.append(AnomalyFound(kind, sample))

        def report(name: str, item: object) -> None:
            note("odd_type", f"{name}: {item!r}")

        if CHUNK_FIELDS.isdisjoint(value):
            note("not_a_chunk", text)
        elif value.get("choices") is None:
            note("missing_choices", text)
        chunk = read_struct(ChatCompletionChunk, normalized(value, note), report)
        if parted := reasoning_in_content(value):
            force_setattr(chunk, SPELLING, dict.fromkeys(parted, "content"))
        return (*items, with_source(chunk, text))


def _has_choices(data: bytes | str) -> bool:
    """Whether a chunk with an empty list of choices came with one."""
    return '"choices"' in data if isinstance(data, str) else b'"choices"' in data


def _shallow(decode: Callable[[bytes | str], ChatCompletionChunk]) -> Callable[[bytes | str], ChatCompletionChunk]:
    """The same decoder, which looks first how deep the JSON is nested."""

    def decode_shallow(data: bytes | str) -> ChatCompletionChunk:
        if is_deep(data if isinstance(data, str) else data.decode()):
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        return decode(data)

    return decode_shallow


def _ignore(kind: AnomalyKind, sample: str) -> None:
    """Who reads one chunk by itself is told nothing."""


register_shape(lambda value: normalized(value, _ignore))
