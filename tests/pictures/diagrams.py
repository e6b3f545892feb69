"""The pictures of the design: the way from bytes to events, the endings of a stream, the parts of a message."""

from __future__ import annotations

from typing import get_args

from sse_stream import (
    AsyncChatStream,
    ChatAccumulator,
    ChatCompletion,
    ChatCompletionChunk,
    ChatDecoder,
    ChatStream,
    ChunkDecodeError,
    Ending,
    IncompleteStreamError,
    ProviderError,
    ProviderPart,
    ReasoningPart,
    ServerSentEvent,
    SSEDecoder,
    StatusError,
    StreamTimeoutError,
    TextPart,
    ToolCallPart,
    TransportError,
)

from .svg import Canvas, Tone

WIDTH = 520


def pipeline() -> str:
    """From bytes to events."""
    canvas = Canvas(WIDTH, "A response's bytes become server-sent events, chunks, and then events and a completion.")
    left, width, middle = 48, WIDTH - 96, WIDTH / 2
    canvas.box(left, 20, width, 44, dashed=True)
    canvas.text(middle, 47, "a response of your HTTP client", anchor="middle")
    canvas.box(16, 100, WIDTH - 32, 380, "plain")
    canvas.text(28, 124, f"{ChatStream.__name__}, {AsyncChatStream.__name__}", "t c b")
    canvas.text(28, 144, "read and close the response, enforce timeouts", "m s")
    canvas.box(32, 160, WIDTH - 64, 306, "card")
    canvas.text(48, 186, ChatDecoder.__name__, "t c b")
    canvas.text(48, 204, "bytes in, events out, no I/O: sync and async share it", "m s")
    stages = (
        (SSEDecoder.__name__, "the SSE spec: lines, fields, events", ServerSentEvent.__name__),
        ("dialect", "one wire format, with its servers’ quirks", ChatCompletionChunk.__name__),
        (ChatAccumulator.__name__, "adds up chunks, whoever the provider is", ""),
    )
    y = 218.0
    canvas.arrow(middle, 64, middle, 100)
    canvas.text(middle + 12, 87, "bytes, split anywhere", "m s")
    for name, what, gives in stages:
        canvas.box(left, y, width, 52, "accent")
        canvas.text(middle, y + 22, name, "t c b", "middle")
        canvas.text(middle, y + 42, what, "m s", "middle")
        if gives:
            canvas.arrow(middle, y + 52, middle, y + 90)
            canvas.text(middle + 12, y + 76, gives, "t c")
        y += 90
    canvas.arrow(middle, 480, middle, 516)
    canvas.box(left, 516, width, 60, "good")
    canvas.text(middle, 540, "typed events, as they arrive", "t b", "middle")
    canvas.text(middle, 562, f"one {ChatCompletion.__name__}, and how the stream ended", anchor="middle")
    return canvas.drawn(596)


_ENDINGS: dict[str, tuple[Tone, str, str]] = {
    "complete": ("good", "[DONE] or all finish reasons", ""),
    "truncated": ("warn", "the body ended before that", IncompleteStreamError.__name__),
    "provider_error": ("bad", "the server reported an error", f"{ProviderError.__name__}, {StatusError.__name__}"),
    "invalid": ("bad", "not a readable stream", f"{ChunkDecodeError.__name__}, …"),
    "transport_error": ("bad", "the connection failed", TransportError.__name__),
    "timeout": ("bad", "a deadline passed", StreamTimeoutError.__name__),
    "closed": ("plain", "you stopped reading", ""),
}


def endings() -> str:
    """How a stream ends: from open to one of the others, and no way back."""
    assert set(_ENDINGS) | {"open"} == set(get_args(Ending))
    canvas = Canvas(WIDTH, "An open stream ends in one of seven ways, and then stays as it is.")
    canvas.box(20, 20, 90, 40, "accent")
    canvas.text(65, 45, "open", "t c b", "middle")
    canvas.text(124, 45, "A stream ends once, in one of seven ways.", "m")
    y = 80
    for name, (tone, when, raised) in _ENDINGS.items():
        canvas.arrow(40, 60, 72, y + 24)
        canvas.box(72, y, 160, 48, tone)
        canvas.text(152, y + 29, name, "t c b", "middle")
        canvas.text(246, y + (21 if raised else 29), when)
        if raised:
            canvas.text(246, y + 41, raised, "m c s")
        y += 60
    return canvas.drawn(y + 8)


def parts() -> str:
    """What a message is made of, and what its attributes join."""
    canvas = Canvas(WIDTH, "The parts of a message in order, and the attributes of the message that join them.")
    canvas.text(24, 36, "message.parts", "t c b")
    canvas.text(24, 56, "in the order of the answer", "m s")
    canvas.text(334, 36, "joined as", "t b")
    shown: tuple[tuple[str, str, Tone, str], ...] = (
        (ReasoningPart.__name__, "I need the weather.", "plain", "message.reasoning"),
        (TextPart.__name__, "Let me look.", "accent", "message.content"),
        (ToolCallPart.__name__, 'get_weather {"city": "Oslo"}', "good", "message.tool_calls"),
        (ProviderPart.__name__, "a search that the server ran", "warn", ""),
        (TextPart.__name__, "It is 7 °C.", "accent", "message.content"),
    )
    y = 72
    for name, what, tone, joined in shown:
        canvas.box(24, y, 262, 52, tone)
        canvas.text(38, y + 22, name, "t c b")
        canvas.text(38, y + 42, what, "m s")
        if joined:
            canvas.arrow(286, y + 26, 326, y + 26)
            canvas.text(334, y + 31, joined, "t c")
        else:
            canvas.text(334, y + 31, "only in parts", "m s")
        y += 62
    canvas.text(24, y + 16, "part.native", "t c b")
    canvas.text(24, y + 38, "the provider’s own JSON, with its signatures", "m s")
    canvas.text(24, y + 68, "message.to_native()", "t c b")
    canvas.text(24, y + 90, "all parts in order, to send back to the same endpoint", "m s")
    return canvas.drawn(y + 108)
