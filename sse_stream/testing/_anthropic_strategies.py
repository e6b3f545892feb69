"""A Hypothesis strategy for streams of Anthropic's Messages API, each with the completion that it means.

A stream is built from blocks, each sent as events, and a `_Style`, the way a server writes events.
"""

from __future__ import annotations

import functools
import itertools
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .._chat._completion import ChatCompletion, Choice
from .._chat._message import Message
from .._chat._parts import Part, ProviderPart, ReasoningPart, TextPart, ToolCallPart
from .._chat._reports import PromptTokensDetails, Usage
from .._chat._tool_call import ToolCall
from ._recordings import ChatRecording

Object: TypeAlias = dict[str, Any]  # a JSON object


@dataclass(frozen=True)
class _Block:
    """A content block.

    Attributes:
        kind: The block's type.
        pieces: The text of its deltas.
        beside: A signature or a citation, or `""`.
        is_whole: Whether the start of the block contains all of it.
    """

    kind: str
    pieces: list[str]
    beside: str
    is_whole: bool

    def told(self, index: int) -> tuple[list[Object], Part]:
        """Return the block's events and the part that it means."""
        match self.kind:
            case "text":
                return self._text(index)
            case "thinking":
                return self._thinking(index)
            case "tool_use" | "server_tool_use":
                return self._call(index)
        block = {"type": self.kind, "data": self.beside}
        part: Part = ReasoningPart("", "redacted", block)
        if self.kind != "redacted_thinking":
            part = ProviderPart(self.kind, block)
        return _events(index, block, []), part

    def _said(self) -> tuple[str, list[str]]:
        """Return the text in the start, and the texts of the deltas."""
        return ("".join(self.pieces), []) if self.is_whole else ("", self.pieces)

    def _text(self, index: int) -> tuple[list[Object], Part]:
        first, pieces = self._said()
        citations = [{"type": "char_location", "cited_text": self.beside}] if self.beside else []
        deltas: list[Object] = [{"type": "citations_delta", "citation": citation} for citation in citations]
        deltas += [{"type": "text_delta", "text": piece} for piece in pieces]
        text = "".join(self.pieces)
        native: Object = {"type": "text", "text": text, **({"citations": citations} if citations else {})}
        return _events(index, {"type": "text", "text": first}, deltas), TextPart(text, [*citations], native)

    def _thinking(self, index: int) -> tuple[list[Object], Part]:
        first, pieces = self._said()
        deltas: list[Object] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
        native: Object = {"type": "thinking", "thinking": "".join(self.pieces)}
        if self.beside:
            deltas.append({"type": "signature_delta", "signature": self.beside})
            native["signature"] = self.beside
        text = native["thinking"]
        return _events(index, {"type": "thinking", "thinking": first}, deltas), ReasoningPart(text, "full", native)

    def _call(self, index: int) -> tuple[list[Object], Part]:
        given = {"said": "".join(self.pieces)} if self.pieces else {}
        text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
        began = {"type": self.kind, "id": f"call_{index}", "name": "f", "input": given if self.is_whole else {}}
        cuts = [text[:3], text[3:9], text[9:]] if given else [""]
        deltas: list[Object] = [{"type": "input_json_delta", "partial_json": piece} for piece in cuts]
        native = {**began, "input": given}
        part: Part = ProviderPart(self.kind, native)
        if self.kind == "tool_use":
            part = ToolCallPart(ToolCall(f"call_{index}", "f", text), native)
        return _events(index, began, [] if self.is_whole else deltas), part


def _events(index: int, block: Object, deltas: list[Object]) -> list[Object]:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


@dataclass(frozen=True)
class _Style:
    """How a server writes events."""

    named: bool  # whether events have a name
    padding: list[int]  # number of spaces before an event's last brace
    spaced: bool
    ascii_only: bool
    pings: list[int]  # events preceded by a ping
    starts: int  # number of message_start events
    stops: bool  # whether message_stop is sent
    line_end: str


_PING = {"type": "ping"}


def _compose(blocks: list[_Block], reason: str, tokens: list[int], style: _Style) -> ChatRecording:
    """Return the body and the completion that it means."""
    told = [block.told(index) for index, block in enumerate(blocks)]
    parts = [part for _, part in told]
    new, cached, output = tokens[0], tokens[1], tokens[2] + 1
    begun = {"input_tokens": new, "cache_read_input_tokens": cached, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": begun}
    events: list[Object] = [{"type": "message_start", "message": message}] * style.starts
    events += itertools.chain.from_iterable(events for events, _ in told)
    events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": output}})
    if style.stops:
        events.append({"type": "message_stop"})
    for place in sorted({1 + place % len(events) for place in style.pings}, reverse=True):
        events.insert(place, _PING)
    padding = itertools.cycle(style.padding)
    body = "".join(_block(event, next(padding), style) for event in events)
    completion = ChatCompletion(
        id="msg_1",
        model="m",
        choices=[Choice(0, _message(parts), reason)],
        usage=Usage(
            prompt_tokens=new + cached,
            completion_tokens=output,
            prompt_tokens_details=PromptTokensDetails(cached_tokens=cached),
            extra={**begun, "output_tokens": output},
        ),
        dialect="anthropic_messages",
    )
    return ChatRecording(body.replace("\n", style.line_end).encode(), completion)


def _message(parts: list[Part]) -> Message:
    return Message(
        content="".join(part.text for part in parts if isinstance(part, TextPart)) or None,
        reasoning="".join(part.text for part in parts if isinstance(part, ReasoningPart)) or None,
        tool_calls=[part.tool_call for part in parts if isinstance(part, ToolCallPart)],
        parts=parts,
        dialect="anthropic_messages",
    )


def _block(event: Object, padding: int, style: _Style) -> str:
    separators = (", ", ": ") if style.spaced else (",", ":")
    data = json.dumps(event, ensure_ascii=style.ascii_only, separators=separators)
    name = f"event: {event['type']}\n" if style.named else ""
    return f"{name}data: {data[:-1]}{' ' * padding}}}\n\n"


@functools.cache
def _pieces() -> SearchStrategy[list[str]]:
    delicate = st.sampled_from('\u2028\x85\n\r"\\ }:🙂')
    characters = st.one_of(st.characters(exclude_categories=["Cs"]), delicate)
    return st.lists(st.text(characters, min_size=1, max_size=6), max_size=4)


def anthropic_streams(*, max_blocks: int = 5, habits: bool = True) -> SearchStrategy[ChatRecording]:
    r"""Generate complete streams of Anthropic's Messages API, with the completions that they mean.

    They contain text with and without citations, thinking with and without signatures, redacted thinking, tool calls,
    and server tool calls with their results, in any order. Shrinks towards an empty answer.

    Args:
        max_blocks: The maximum number of content blocks.
        habits: Whether to include the quirks of compatible servers and gateways; otherwise, write as Anthropic does.

    >>> from hypothesis import find
    >>> stream = find(anthropic_streams(), lambda stream: stream.completion.text != "")
    >>> stream.completion.text
    '0'
    """
    kinds = ["text", "thinking", "tool_use", "server_tool_use", "web_search_tool_result", "redacted_thinking"]
    block = st.builds(
        _Block,
        kind=st.sampled_from(kinds),
        pieces=_pieces(),
        beside=st.sampled_from(["", "EqQB", "signed"]),
        is_whole=st.booleans() if habits else st.just(False),
    )
    style = st.builds(
        _Style,
        named=st.sampled_from([True, False]) if habits else st.just(True),
        padding=st.lists(st.integers(0, 14), min_size=1, max_size=5),
        spaced=st.booleans() if habits else st.just(False),
        ascii_only=st.booleans() if habits else st.just(False),
        pings=st.lists(st.integers(0, 20), max_size=3),
        starts=st.integers(1, 3) if habits else st.just(1),
        stops=st.sampled_from([True, False]) if habits else st.just(True),
        line_end=st.sampled_from(["\n", "\r\n"]) if habits else st.just("\n"),
    )
    reasons = ["end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn", "refusal"]
    return st.builds(
        _compose,
        blocks=st.lists(block, max_size=max_blocks),
        reason=st.sampled_from(reasons),
        tokens=st.lists(st.integers(0, 9), min_size=3, max_size=3),
        style=style,
    )
