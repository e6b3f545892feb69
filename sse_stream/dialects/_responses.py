"""The dialect of OpenAI's Responses: events that build a list of output items."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import force_setattr

from .._chat._chunks import SOURCE, ChatCompletionChunk, ChoiceDelta, ChunkChoice
from .._chat._message import Message
from .._errors import ChunkDecodeError
from .._json._depth import JSONValue
from .._json._lenient import loads_pieces
from .._json._reading import read_number
from .._sse._event import ServerSentEvent
from ._base import AnomalyFound, Done, Failure, Item, Ping
from ._framing import is_whole_object
from ._provider_errors import broken_error, error_field, find_error, provider_error
from ._responses_channels import DELTAS, WHOLES, delta_of, piece_decoder
from ._responses_events import BEGINNINGS, COMPLETE, ENDS, ERRORS, OUTPUT, PROGRESS
from ._responses_output import Output, object_of
from ._responses_parts import ChunkMaker, Object
from ._responses_reports import beside_output, error_of, failure_of, reason_of, usage_of
from ._responses_turn import input_items

_PIECES = (("delta",),)


class OpenAIResponses:
    """The dialect of `POST /v1/responses` with `"stream": true`, of OpenAI and compatible servers.

    Each text of an output item is a part: message text, reasoning, or a reasoning summary. So is each call of the
    caller's tools, and any other item, under its type. Text that the deltas left out is delivered when the text is sent
    whole. If a whole text contradicts its deltas, it is an anomaly, and the deltas are kept.

    The events are documented at https://platform.openai.com/docs/api-reference/responses-streaming.

    >>> dialect = OpenAIResponses()
    >>> event = '{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi"}'
    >>> dialect.decode(ServerSentEvent(event))[-1].choices[0].delta.content
    'Hi'
    """

    __slots__ = ("_chunks", "_decode_piece", "_done", "_next", "_output", "_started")

    name = "openai_responses"
    end_mark = "response.completed"

    def __init__(self) -> None:
        self._decode_piece = piece_decoder()
        self._chunks = ChunkMaker()
        self._output = Output(self._chunks)
        self._started = False  # whether the first chunk, with the role, has been made
        self._done = False
        self._next: int | None = None  # the number of the next event; `None` if unknown

    def decode_text(self, data: bytes | str) -> str | None:
        """Return the text of an event that continues the current text; `None` for anything else.

        Args:
            data: The event's data.
        """
        # Measured as "text of Responses": inlined, because nine out of ten events take this path.
        part = self._output.streaming
        if part is None:
            return None
        try:
            said = self._decode_piece(data)
        except (ValueError, RecursionError):
            return None
        number = said.sequence_number
        text = said.delta
        if (
            number != self._next
            or not text
            or said.place != part.place
            or said.output_index != part.item.place
            or type(said) is not part.piece
        ):
            return None
        if number is not None:
            self._next = number + 1
        part.length += len(text)
        part.digest.update(text.encode())
        return text

    def decode_plain(
        self,
        data: bytes | str,
        event: str = "message",  # noqa: ARG002  # the data repeats it
    ) -> ChatCompletionChunk | None:
        """Decode a piece that continues the current text; `None` for anything else.

        Args:
            data: The event's data.
            event: The event's name, which is ignored because the data repeats it.
        """
        text = self.decode_text(data)
        if text is None or (part := self._output.streaming) is None:
            return None
        chunks = self._chunks
        chunk = ChatCompletionChunk(
            id=chunks.id,
            object="chat.completion.chunk",
            created=chunks.created,
            model=chunks.model,
            choices=[ChunkChoice(index=0, delta=delta_of(part.kind, text, part.call))],
        )
        force_setattr(chunk, SOURCE, data)
        return chunk

    def decode_field(self, name: str, value: str) -> Sequence[Item]:
        """Decode an `error` field, a field outside the standard in which llama.cpp reports failures.

        Args:
            name: The field's name. All fields except `error` are ignored.
            value: The error as JSON or text.
        """
        return error_field(name, value)

    def is_whole(self, data: str) -> bool:
        """Whether the data is a JSON object, or `[DONE]`, which some servers add.

        Args:
            data: A `data` line, or the data of an event.
        """
        text = data.strip()
        return text == "[DONE]" or is_whole_object(text)

    def end(self) -> Sequence[Item]:
        """Return nothing: a response without its last event is truncated, even if all its items are complete."""
        return ()

    @staticmethod
    def turn(message: Message) -> JSONValue:
        """Convert a message to the items to add to `input` of the next request.

        Args:
            message: The message.
        """
        return input_items(message)

    def decode(self, event: ServerSentEvent) -> Sequence[Item]:
        """Decode one event tolerantly: see `Dialect.decode`.

        Args:
            event: Any event that `decode_plain` has not decoded, or a whole response.

        Raises:
            ChunkDecodeError: Its data is neither a JSON object nor a keep-alive or an error.
        """
        text = event.data.strip()
        if text == "[DONE]":
            return ()  # added by some servers; the last event of the response decides
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
            raise ChunkDecodeError(f"a Responses event must be a JSON object, not {text[:200]!r}", data=event.data)
        output = self._output
        output.said = [AnomalyFound("loose_json", text)] if loose else []
        self._chunks.source = text
        kind = value.get("type")
        self._add(kind if isinstance(kind, str) else event.event, value, text)
        said, output.said = output.said, []
        return said

    def _add(self, kind: str, value: Object, text: str) -> None:
        output = self._output
        self._check_number(kind, value)
        if kind in ERRORS:
            output.said.append(Failure(error_of(value)))
        elif kind in ("keepalive", "ping"):
            output.said.append(Ping(text))
        elif kind == "response.rate_limits.updated":
            output.said.append(self._chunks.beside([], extra=beside_output(value, {})))
        elif self._done:
            output.note("data_after_done", text)
        elif kind in DELTAS:
            output.add_piece(DELTAS[kind], value)
        elif kind in WHOLES:
            output.end_text(WHOLES[kind], value)
        elif kind in OUTPUT:
            OUTPUT[kind](output, value)
        elif kind in BEGINNINGS:
            self._begin(kind, object_of(value, "response"))
        elif kind in ENDS:
            self._end(kind.removeprefix("response."), value, object_of(value, "response"))
        elif value.get("object") == "response":
            self._read_whole(value)
        elif find_error(value) is not None:
            output.said.append(Failure(provider_error(value)))
        elif not kind.startswith(PROGRESS):
            output.note("unknown_delta" if kind.endswith(".delta") else "unknown_event", text)

    def _check_number(self, kind: str, value: Object) -> None:
        """Check the event's number. Numbers start at 0 without gaps; a resumed stream starts later."""
        number = read_number(value.get("sequence_number"))
        if number is None:
            self._next = None
            return
        if self._next is not None and number != self._next:
            self._output.note("sequence_gap", f"{number!r} after {self._next - 1}")
        elif self._next is None and not self._started and number > 0 and kind not in BEGINNINGS:
            self._output.resumed = True
        self._next = int(number) + 1

    # ---------------------------------------------------------------- the response

    def _begin(self, kind: str, response: Object) -> None:
        if self._started and kind == "response.created":
            self._output.note("start_repeated", response.get("id"))
        self._identify(response)

    def _identify(self, response: Object) -> None:
        """Take id, model and creation time from a response, unless they are known already."""
        chunks = self._chunks
        response_id = _text(response.get("id"))
        if response_id and chunks.id and response_id != chunks.id:
            self._output.note("id_changed", f"{response_id!r} after {chunks.id!r}")
        chunks.id = chunks.id or response_id
        chunks.model = chunks.model or _text(response.get("model"))
        created = read_number(response.get("created_at"))
        if not chunks.created and created is not None:
            chunks.created = int(created)
        if not self._started:
            self._started = True
            self._output.said.append(chunks.of(ChoiceDelta(role="assistant")))

    def _read_whole(self, response: Object) -> None:
        """Read a whole response, from a server that ignores `"stream": true`."""
        status = response.get("status")
        self._end(status if isinstance(status, str) else "completed", {}, response)

    def _end(self, status: str, event: Object, response: Object) -> None:
        """End the response, with whatever status it has."""
        self._identify(response)
        said = response.get("status")
        if said in (*COMPLETE, "failed", "cancelled"):
            status = str(said)
        elif status == "done":
            status = "completed"
        output = self._output
        if status in COMPLETE:
            output.finish(response.get("output"))
            self._report(event, response, reason_of(response, status))
            output.said.append(Done())
            self._done = True
        else:
            self._report(event, response)
            output.said.append(Failure(failure_of(event or response, response, status)))

    def _report(self, event: Object, response: Object, reason: str | None = None) -> None:
        """Make the last chunk, with the finish reason, the usage and the other fields of the response."""
        note = self._output.note

        def report(name: str, value: object) -> None:
            note("odd_type", f"{name}: {value!r}")

        usage = response.get("usage")
        choices = [] if reason is None else [ChunkChoice(index=0, finish_reason=reason)]
        self._output.said.append(
            self._chunks.beside(
                choices,
                usage=usage_of(usage, report) if isinstance(usage, dict) else None,
                service_tier=_text(response.get("service_tier")),
                moderation=response.get("moderation"),
                extra=beside_output(event, response),
            )
        )


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) and value else None
