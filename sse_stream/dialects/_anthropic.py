"""The dialect of Anthropic's Messages: typed events that build a list of content blocks.

The format is documented at https://platform.claude.com/docs/en/build-with-claude/streaming. Many other servers use it
too: Vertex AI and Azure, Ollama, SGLang, DeepSeek, Kimi, MiniMax, and gateways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import force_setattr

from .._chat._chunks import SOURCE, ChatCompletionChunk, ChoiceDelta, ChunkChoice
from .._chat._message import Message
from .._errors import ChunkDecodeError, ProviderError
from .._json._depth import JSONValue
from .._json._lenient import loads_pieces
from .._sse._event import ServerSentEvent
from ._anthropic_blocks import anthropic_turn
from ._anthropic_chunks import Chunks
from ._anthropic_events import InputDelta, TextDelta, decode_delta
from ._anthropic_state import OpenBlocks
from ._base import AnomalyFound, Done, Failure, Item, Ping
from ._formats import ANTHROPIC_MESSAGES
from ._framing import is_whole_object
from ._provider_errors import broken_error, error_field, find_error, provider_error

Object: TypeAlias = Mapping[str, JSONValue]

_KNOWN = frozenset(
    {
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_start",
        "message_delta",
        "message_stop",
    }
)
_PIECES = (("delta", "text"), ("delta", "thinking"), ("delta", "partial_json"))
_ENDING = ("stop_reason", "stop_sequence", "stop_details")


class AnthropicMessages:
    """The dialect of Anthropic's `POST /v1/messages` with `"stream": true`, and of compatible servers.

    Each content block is a part of the message, whose `native` is the block as the endpoint accepts it in the next
    request. Calls of the caller's tools are `tool_calls`. Calls of server tools and their results are `ProviderPart`s.

    >>> data = '{"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": []}}'
    >>> AnthropicMessages().decode(ServerSentEvent(data))[0].id
    'msg_1'
    """

    __slots__ = ("_blocks", "_chunks", "_is_finished", "_is_started", "_is_stopped")

    name = ANTHROPIC_MESSAGES
    end_mark = "message_stop"
    decodes_alike = True
    """Whether `decode_plain` gives equal chunks for equal data, as long as no block starts or ends in between."""

    def __init__(self) -> None:
        self._chunks = Chunks()
        self._blocks = OpenBlocks(self._chunks)
        self._is_started = False  # whether message_start has come
        self._is_finished = False  # whether a stop reason has come
        self._is_stopped = False  # whether message_stop or another message has come

    def decode_plain(self, data: bytes | str, event: str = "message") -> ChatCompletionChunk | None:  # noqa: ARG002  # the protocol's signature
        """Decode a piece of text, thinking or a tool's input, which most events are; `None` for anything else.

        Args:
            data: The event's data.
            event: The event's name, which is ignored because the data repeats it.
        """
        try:
            piece = decode_delta(data)
        except (ValueError, RecursionError):
            return None
        blocks = self._blocks
        block = blocks.open.get(piece.index)
        if block is None:
            return None
        # Measured as "text of Anthropic": inlined, because nine out of ten events take this path.
        delta = piece.delta
        if isinstance(delta, TextDelta):
            if block is not blocks.text:
                return None
            said = ChoiceDelta(None, delta.text)
        elif isinstance(delta, InputDelta):
            if block.call is None:
                return None
            block.has_input = block.has_input or delta.partial_json != ""
            said = self._chunks.arguments(block.call, delta.partial_json)
        else:
            if block is not blocks.thinking:
                return None
            said = ChoiceDelta(reasoning_content=delta.thinking)
        chunks = self._chunks
        chunk = ChatCompletionChunk(chunks.id, chunks.object, None, chunks.model, [ChunkChoice(0, said)])
        force_setattr(chunk, SOURCE, data)
        return chunk

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        """Decode an `error` field, a field outside the standard in which some servers report failures.

        Args:
            name: The field's name. All fields except `error` are ignored.
            value: The error as JSON or text.
        """
        return error_field(name, value)

    def is_whole(self, data: str) -> bool:
        """Whether the data is a JSON object.

        Args:
            data: A `data` line, or the data of an event.
        """
        text = data.strip()
        return text == "[DONE]" or is_whole_object(text)

    def end(self) -> Sequence[Item]:
        """Complete a message that has a stop reason but no `message_stop`, which some gateways omit."""
        if self._is_stopped or not self._is_finished:
            return ()
        return (*self._blocks.end_all(), AnomalyFound("missing_done", self.end_mark), Done())

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """Convert a message for `messages` of the next request: see `Message.to_native`.

        Args:
            message: The message.
        """
        return anthropic_turn(message)

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Decode one event tolerantly: see `Dialect.decode`.

        Args:
            event: Any event that `decode_plain` has not decoded.

        Raises:
            ChunkDecodeError: Its data is not a JSON object.
        """
        text = event.data.strip()
        if text == "[DONE]":  # added by some gateways
            return ()
        if not text or text.startswith(":"):
            return (AnomalyFound("keepalive_as_data", event.data), Ping(text.lstrip(": ")))
        try:
            value, loose = loads_pieces(text, _PIECES)
        except ChunkDecodeError:
            broken = broken_error(event, text, provider_error)
            if broken:
                return broken
            raise
        if not isinstance(value, dict):
            raise ChunkDecodeError(f"an Anthropic event must be a JSON object, not {text[:200]!r}", data=event.data)
        items: list[Item] = [AnomalyFound("loose_json", text)] if loose else []
        kind = value.get("type")
        if event.event == "error":
            kind = "error"
        elif not isinstance(kind, str):
            kind = event.event
        return (*items, *self._meaning(kind, value, text))

    def _meaning(self, kind: str, value: Object, text: str) -> Iterable[Item]:
        if kind == "ping":
            return (Ping(text),)
        if kind == "error" or (kind not in _KNOWN and find_error(value) is not None):
            return (Failure(provider_error(value)),)
        if self._is_stopped:
            return (AnomalyFound("data_after_done", text),)
        match kind:
            case "content_block_start":
                return self._block_start(value, text)
            case "content_block_delta":
                return self._block_delta(value, text)
            case "content_block_stop":
                return self._block_stop(value, text)
            case "message_start":
                return self._message_start(value, text)
            case "message_delta":
                return self._message_delta(value, text)
            case "message_stop":
                return self._message_stop(value, text)
            case "message" if "type" in value:
                return self._whole_message(value, text)
        return (AnomalyFound("unknown_event", text),)

    # ---------------------------------------------------------------- the message

    def _message_start(self, value: Object, text: str) -> Iterable[Item]:
        message = value.get("message")
        if not isinstance(message, dict):
            yield AnomalyFound("odd_type", f"message: {message!r}")
            message = {}
        chunks = self._chunks
        if self._is_started:
            if chunks.id and message.get("id", chunks.id) != chunks.id:
                # A gateway has switched to another server and spliced two answers together. The second is not read.
                self._is_stopped = True
                yield Failure(ProviderError("another message_start before message_stop", body=value))
            else:
                yield AnomalyFound("start_repeated", text)
            return
        yield from self._begin(message, text, usage=message.get("usage"))
        if message.get("stop_reason") is not None:
            yield from self._finish(_ending(message), {}, text)
        yield from chunks.beside(value, {"type", "message"}, text)

    def _begin(self, message: Object, text: str, usage: JSONValue = None) -> Iterable[Item]:
        """Start the message, including content that it already has: all of it, if code called a tool."""
        self._is_started = True
        yield from self._chunks.start(message, usage, text)
        content = message.get("content")
        yield from self._blocks.whole(content if isinstance(content, list) else [], text)

    def _message_delta(self, value: Object, text: str) -> Iterable[Item]:
        delta = value.get("delta")
        if not isinstance(delta, dict):
            yield AnomalyFound("odd_type", f"delta: {delta!r}")
            delta = {}
        yield from self._finish(delta, value, text)

    def _finish(self, delta: Object, beside: Object, text: str) -> Iterable[Item]:
        self._is_finished = self._is_finished or bool(delta.get("stop_reason"))
        yield from self._chunks.finish(delta, beside, text)

    def _message_stop(self, value: Object, text: str) -> Iterable[Item]:
        yield from self._blocks.end_all()
        yield from self._chunks.beside(value, {"type"}, text)
        self._is_stopped = True
        yield Done()

    def _whole_message(self, value: Object, text: str) -> Iterable[Item]:
        """Read a whole message, from a server that ignores `"stream": true`."""
        if self._is_started:
            yield AnomalyFound("message_repeated", text)
            return
        yield from self._begin(value, text)
        yield from self._finish(_ending(value), {"usage": value.get("usage")}, text)
        self._is_stopped = True
        yield Done()

    # ---------------------------------------------------------------- its blocks

    def _block_start(self, value: Object, text: str) -> Iterable[Item]:
        block = value.get("content_block")
        if not isinstance(block, dict):
            yield AnomalyFound("odd_type", f"content_block: {block!r}")
            return
        yield from self._blocks.start(value.get("index"), block, text)
        yield from self._chunks.beside(value, {"type", "index", "content_block"}, text)

    def _block_delta(self, value: Object, text: str) -> Iterable[Item]:
        delta = value.get("delta")
        if not isinstance(delta, dict):
            yield AnomalyFound("odd_type", f"delta: {delta!r}")
            return
        yield from self._blocks.add(value.get("index"), delta, text)
        yield from self._chunks.beside(value, {"type", "index", "delta"}, text)

    def _block_stop(self, value: Object, text: str) -> Iterable[Item]:
        yield from self._blocks.stop(value.get("index"), text)
        yield from self._chunks.beside(value, {"type", "index"}, text)


def _ending(message: Object) -> Object:
    return {name: message[name] for name in _ENDING if name in message}
