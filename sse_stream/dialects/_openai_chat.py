"""The dialect of OpenAI's chat completions and compatible servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import force_setattr

from .._chat._anomalies import AnomalyKind
from .._chat._chunks import SOURCE, ChatCompletionChunk, with_source
from .._chat._message import OPENAI_CHAT, Message
from .._chat._model import refuse_extra
from .._chat._shapes import register_shape
from .._errors import ChunkDecodeError
from .._json._depth import JSONValue, shallow
from .._json._lenient import loads
from .._json._reading import read_struct
from .._sse._event import ServerSentEvent
from ._base import AnomalyFound, Done, Failure, Item, Ping
from ._extras import decode_with_extras, has_extras
from ._framing import is_end_mark, is_keepalive, is_whole_object
from ._provider_errors import broken_error, error_field, error_in_text, find_error, provider_error
from ._quirks import CHUNK_FIELDS, is_chunk, shaped
from ._think_tags import ThinkTags

_DONE = Done()


class OpenAIChat:
    """The dialect of `POST /v1/chat/completions` with `"stream": true`.

    Events are decoded with a strict model first. Those that do not fit it take the tolerant path, which handles all
    quirks.

    Args:
        think_tags: Whether text between `<think>` and `</think>` at the beginning of the content is reasoning, for
            servers that do not separate the two. By default, tags are text.

    >>> OpenAIChat().decode(ServerSentEvent('{"choices": [{"index": 0, "delta": {"content": "Hi"}}]}'))[0].choices
    [ChunkChoice(index=0, delta=ChoiceDelta(content='Hi'))]
    """

    __slots__ = ("_decode", "_expects_extras", "_tags")

    name = OPENAI_CHAT
    end_mark = "[DONE]"

    def __init__(self, *, think_tags: bool = False) -> None:
        self._tags = ThinkTags() if think_tags else None
        self._decode = shallow(msgspec.json.Decoder(ChatCompletionChunk, dec_hook=refuse_extra).decode)
        self._expects_extras = False  # whether the last chunk had extra fields

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        """Decode one well-formed chunk, with or without extra fields; `None` for anything else.

        Args:
            data: The event's data.
            event: The event's name. Named events are not chunks.
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
        if chunk is not None:
            if not chunk.choices and (not _has_choices(data) or find_error({"choices": [], **chunk.extra}) is not None):
                return None
            force_setattr(chunk, SOURCE, data)  # `with_source`, inlined
            if self._tags is not None:
                return self._tags.untag(chunk)
        return chunk

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        """Decode an `error` field, a field outside the standard in which llama.cpp reports failures.

        Args:
            name: The field's name. All fields except `error` are ignored.
            value: The error as JSON or text.
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
        """Return text that was held back as a possible tag. Otherwise the end of the body means nothing."""
        return () if self._tags is None else [*self._tags.rest()]

    @property
    def decodes_alike(self) -> bool:
        """Whether `decode_plain` gives equal chunks for equal data."""
        return self._tags is None

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """Convert a message for `messages` of the next request.

        Args:
            message: The message.
        """
        return message.to_dict()

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Decode one event tolerantly: see `Dialect.decode`.

        Args:
            event: Any event that `decode_plain` has not decoded.

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
            value, loose = loads(text, keep_surrogates=True)
        except ChunkDecodeError as error:
            return self._not_json(event, text, error)
        items: list[Item] = [AnomalyFound("loose_json", text)] if loose else []
        if event.event == "error":
            return (*items, Failure(provider_error(value)))
        if is_keepalive(event.event, value):
            return (*items, AnomalyFound("keepalive_as_data", event.data), Ping(text))
        if isinstance(value, list) and value and isinstance(value[0], dict) and find_error(value[0]) is not None:
            return (*items, Failure(provider_error(value, find_error(value[0]))))
        if not isinstance(value, dict):
            raise ChunkDecodeError(f"a chunk must be a JSON object, not {text[:200]!r}", data=event.data)
        carrier = find_error(value)
        if carrier is None:
            return (*items, *self._chunk(value, text))
        failure = Failure(provider_error(value, carrier))
        if is_chunk(value):
            # A chunk may have content and an error: the content is delivered first.
            return (*items, *self._chunk(value, text), failure)
        return (*items, failure)

    def _not_json(self, event: ServerSentEvent, text: str, error: ChunkDecodeError) -> Sequence[Item]:
        """Decode data that is not JSON.

        Raises:
            ChunkDecodeError: It is neither a keep-alive nor an error.
        """
        if is_keepalive(event.event, None):
            return (AnomalyFound("keepalive_as_data", event.data), Ping(text))
        told = error_in_text(text)
        if told is not None:
            return (Failure(told),)
        items = broken_error(event, text, provider_error)
        if items:
            return items
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
        in_shape, places = shaped(value, note)
        chunk = read_struct(ChatCompletionChunk, in_shape, report)
        return (*items, with_source(chunk, text, places))


def _has_choices(data: bytes | str) -> bool:
    """Whether the data of a chunk without choices has a `choices` field."""
    return '"choices"' in data if isinstance(data, str) else b'"choices"' in data


def _ignore(kind: AnomalyKind, sample: str) -> None:
    """Ignore anomalies when a chunk is decoded by itself."""


register_shape(lambda value: shaped(value, _ignore))
