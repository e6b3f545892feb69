"""The dialect of Gemini's generateContent, on AI Studio, Vertex AI and Code Assist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from .._chat._chunks import ChatCompletionChunk
from .._chat._message import Message
from .._chat._parts import TextPart
from .._errors import ChunkDecodeError, IncompleteStreamError
from .._json._copying import copied
from .._json._depth import JSONValue, is_deep
from .._json._lenient import loads, loads_pieces
from .._sse._event import ServerSentEvent
from ._base import AnomalyFound, Done, Failure, Item, Ping
from ._framing import is_whole_object
from ._gemini_answer import RESPONSE_FIELDS, Answer
from ._gemini_candidate import Object
from ._gemini_reports import gemini_error
from ._provider_errors import broken_error

_PARTS = ("candidates", "content", "parts")
_TEXTS = ((*_PARTS, "text"), (*_PARTS, "functionCall", "partialArgs", "stringValue"))
_PIECES = (*_TEXTS, *(("response", *path) for path in _TEXTS))


class GeminiContent:
    """The dialect of `POST …:streamGenerateContent?alt=sse`: Gemini on AI Studio, Vertex AI and Code Assist.

    Each event holds what is new. The format has no end mark: a stream is complete if each candidate has a finish reason
    when the body ends, or if the prompt was blocked. So finish reasons are delivered at the end, and the last one
    counts. A JSON array, which the server sends without `alt=sse`, is read as the whole answer.

    >>> dialect = GeminiContent()
    >>> [type(item).__name__ for item in dialect.decode(ServerSentEvent('{"candidates":[{"finishReason":"STOP"}]}'))]
    ['ChatCompletionChunk']
    >>> dialect.end()[0].choices
    [ChunkChoice(index=0, delta=ChoiceDelta(), finish_reason='STOP')]
    """

    __slots__ = ("_answer",)

    name = "gemini_content"
    end_mark = "final finishReason"
    ends_with_body = True

    def __init__(self) -> None:
        self._answer = Answer()

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:
        """Decode a piece that continues the current text or thought, with or without usage; `None` for anything else.

        Args:
            data: The event's data.
            event: The event's name. Named events are not responses.
        """
        return self._answer.add_plain(data) if event == "message" else None

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Decode one event tolerantly: see `Dialect.decode`.

        Args:
            event: Any event that `decode_plain` has not decoded, or a whole document.

        Raises:
            ChunkDecodeError: Its data is neither JSON nor a keep-alive.
        """
        text = event.data.strip()
        if text == "[DONE]":
            return (*self._answer.end(), Done())
        if not text or text.startswith(":"):
            return (AnomalyFound("keepalive_as_data", event.data), Ping(text.lstrip(": ")))
        if text.startswith("["):
            return tuple(self._array(text))
        try:
            value, loose = loads_pieces(text, _PIECES)
        except ChunkDecodeError:
            broken = broken_error(event, text, gemini_error)
            if broken:
                return (*self._answer.end(), *broken)
            raise
        items = [AnomalyFound("loose_json", text)] if loose else []
        if event.event == "error":
            return (*items, *self._answer.end(), Failure(gemini_error(value)))
        if not isinstance(value, dict):
            raise ChunkDecodeError(f"a Gemini response must be a JSON object, not {text[:200]!r}", data=event.data)
        return (*items, *self._object(value, text))

    def decode_field(self, name: str, value: str) -> Sequence[Item]:  # noqa: ARG002  # the protocol's signature
        """Ignore the field: no server of this format is known to send any outside the standard.

        Args:
            name: The field's name.
            value: Its value.
        """
        return ()

    def is_whole(self, data: str) -> bool:
        """Whether the data is a JSON object, `[DONE]` or a keep-alive.

        Args:
            data: A `data` line, or the data of an event.
        """
        text = data.strip()
        return text == "[DONE]" or text.startswith(":") or is_whole_object(text)

    def end(self) -> Sequence[Item]:
        """Return the finish reason of each candidate, now final, and `Done` if all candidates have one."""
        finished = tuple(self._answer.end())
        return (*finished, Done()) if self._answer.is_finished else finished

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """Convert a message to the content to append to `contents`, with each part unchanged and signatures in place.

        Adjacent pieces of text are one part. Parts that the server would reject are omitted: empty text without a
        signature, and truncated thoughts and calls.

        Args:
            message: The message.
        """
        parts = []
        for part in message.parts:
            if part.native is not None:
                parts.append(copied(part.native))
            elif isinstance(part, TextPart) and part.text:
                parts.append({"text": part.text})
        return {"role": "model", "parts": parts}

    def _array(self, text: str) -> Iterator[Item]:
        """Decode a JSON array of responses, the whole answer. A truncated one is decoded as far as it goes.

        Raises:
            ChunkDecodeError: It is not an array of responses.
        """
        responses, is_closed = _elements(text)
        if not (responses and responses[0].startswith("{")):
            loads(text)  # raises an error that says why
        for response in responses:
            value, loose = loads_pieces(response, _PIECES)
            if loose:
                yield AnomalyFound("loose_json", response)
            if isinstance(value, dict):
                yield from self._object(value, response)
            else:
                yield AnomalyFound("odd_type", f"response: {response}")
        yield from self._answer.end()
        if not is_closed or not self._answer.is_finished:
            missing = "a candidate has no finish reason" if is_closed else "it was truncated"
            yield Failure(IncompleteStreamError(f"the array of responses is incomplete: {missing}: {text[-80:]!r}"))

    def _object(self, value: Object, text: str) -> Iterator[Item]:
        response, around = _unwrapped(value)
        failing = next((one for one in (value, response) if one.get("error")), None)
        if not RESPONSE_FIELDS.isdisjoint(response):
            yield from self._answer.add(response, around, text)
        elif failing is None:
            yield AnomalyFound("not_a_chunk", text)
        if failing is not None:
            yield from self._answer.end()
            yield Failure(gemini_error(failing))


def _unwrapped(value: Object) -> tuple[Object, Object]:
    """Return a response and the fields around it. Code Assist wraps each one: `{"response": {…}, "traceId": …}`."""
    response = value.get("response")
    if not isinstance(response, dict) or not RESPONSE_FIELDS.isdisjoint(value):
        return value, {}
    return response, {name: item for name, item in value.items() if name != "response"}


_BETWEEN = re.compile(r"[\s,]*+")
_find_end = json.JSONDecoder(strict=False).raw_decode


def _elements(text: str) -> tuple[list[str], bool]:
    """Return the JSON texts of the complete items of an array, and whether the array is closed."""
    items: list[str] = []
    if is_deep(text):
        return items, False
    position = 1
    while True:
        space = _BETWEEN.match(text, position)
        start = position if space is None else space.end()
        try:
            _, position = _find_end(text, start)
        except (ValueError, RecursionError):
            return items, text[start:] == "]"
        items.append(text[start:position])
