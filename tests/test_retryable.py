"""When `retryable` is true."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from sse_stream import (
    Audio,
    ChatCompletion,
    ChatStream,
    Choice,
    ChunkDecodeError,
    ContentTypeError,
    EventTooLargeError,
    IncompleteStreamError,
    Message,
    OutputTooLargeError,
    ProviderError,
    ProviderPart,
    ReasoningPart,
    ResponseError,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    TextPart,
    ToolCall,
    TransportError,
)

from .streams.bodies import EVENTS, KEEPALIVE

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
CALL = b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]}}]}\n\n'
THOUGHT = b'data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm"}}]}\n\n'


def status(number: int, **error: str) -> StatusError:
    return StatusError("no", status_code=number, error=error or None)


def provider(**said: Any) -> ProviderError:
    return ProviderError("no", **said)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (SSEStreamError("closed"), False),
        (EventTooLargeError(""), False),
        (OutputTooLargeError(""), False),
        (ResponseError(""), False),
        (ContentTypeError(""), False),
        (ChunkDecodeError(""), False),
        (IncompleteStreamError(""), True),
        (TransportError(""), True),
        (TransportError("", retryable=False), False),
        *[(StreamTimeoutError("", kind=kind), True) for kind in ("first_token", "content", "idle", "read")],
        (StreamTimeoutError("", kind="total"), False),
        *[(status(code), True) for code in (408, 425, 429, 500, 502, 503, 504, 529)],
        *[(status(code), False) for code in (302, 400, 401, 402, 403, 404, 409, 413, 422)],
        *[(status(code), code in (500, 599)) for code in (407, 424, 428, 430, 499, 500, 599, 600)],
        (status(429, code="insufficient_quota"), False),
        (StatusError("no", status_code=429, error="insufficient balance"), False),
        (StatusError("no", status_code=429, error="slow down"), True),
        (status(429, type="exceeded_current_quota_error"), False),
        (status(429, type="rate_limit_error", code="rate_limit_exceeded"), True),
        *[(provider(code=code), True) for code in (429, "429", 500, "503", 529)],
        *[(provider(code=code), False) for code in (400, "401", 404, None, "", "invalid_api_key")],
        *[
            (provider(type=kind), True)
            for kind in ("overloaded_error", "rate_limit_error", "api_error", "server_error")
        ],
        *[(provider(code=code), True) for code in ("RESOURCE_EXHAUSTED", "UNAVAILABLE", "rate_limit_exceeded")],
        *[(provider(type=kind), False) for kind in ("invalid_request_error", "authentication_error", "billing_error")],
        *[
            (provider(type=kind), True)
            for kind in (
                *("Overloaded", "rate-limit", "rate limit", "ratelimit", "too_many_requests", "timeout", "timed_out"),
                *("internal", "capacity", "busy", "deadline_exceeded", "ThrottlingException"),
            )
        ],
        *[
            (provider(type=kind, code=429), False)
            for kind in ("insufficient", "balance", "Credit", "payment", "arrears", "current_quota", "hard_limit")
        ],
        (provider(type="insufficient_quota", code="429"), False),
        (provider(type="overloaded_error", code="credit"), False),
    ],
    ids=lambda value: f"{type(value).__name__}-{vars(value)}" if isinstance(value, Exception) else str(value),
)
def test_the_kind_of_an_error_says_whether_it_may_pass(error: SSEStreamError, retryable: bool) -> None:
    assert error.retryable is retryable


@pytest.mark.parametrize(
    ("before", "retryable"),
    [((), True), ((KEEPALIVE,), True), ((ROLE,), True), ((EVENTS[0],), False), ((CALL,), False), ((THOUGHT,), False)],
    ids=["nothing", "a keep-alive", "a role", "text", "a call", "a thought"],
)
@pytest.mark.parametrize(
    "end",
    [None, OSError("reset"), TimeoutError(), b'data: {"error":{"type":"overloaded_error"}}\n\n'],
    ids=["truncated", "broken", "timeout", "provider"],
)
def test_nothing_generated_may_have_come(before: tuple[bytes, ...], end: Any, retryable: bool) -> None:
    def pieces() -> Any:
        yield from before
        if isinstance(end, Exception):
            raise end
        if end is not None:
            yield end

    with pytest.raises(SSEStreamError) as caught:
        ChatStream(pieces()).until_done()
    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    ("message", "generated"),
    [
        (Message(), False),
        (Message(content="Hi"), True),
        (Message(reasoning="Hm"), True),
        (Message(refusal="No"), True),
        (Message(tool_calls=[ToolCall("c", "f", "")]), True),
        (Message(audio=Audio("a")), True),
        (Message(extra={"function_call": {"name": "f", "arguments": ""}}), True),
        (Message(extra={"images": [{"image_url": {"url": "u"}}]}), True),
        (Message(extra={"function_call": None, "images": [], "provider": "P"}), False),
        (Message(parts=[TextPart("", native={"type": "text"}), ReasoningPart("", "redacted")]), False),
        (Message(parts=[TextPart(""), TextPart("Hi")]), True),
        (Message(parts=[ProviderPart("web_search", {"query": "q"})]), True),
    ],
)
def test_what_the_model_has_generated(message: Message, generated: bool) -> None:
    error = TransportError("")
    error.completion = ChatCompletion(choices=[Choice(0, Message()), Choice(1, message)])
    assert error.retryable is not generated


class InvalidURL(Exception):  # what httpx calls it
    pass


@pytest.mark.parametrize(
    ("cause", "retryable"),
    [
        (ConnectionRefusedError(), True),
        (ConnectionResetError(), True),
        (OSError("no route"), True),
        (InvalidURL("no scheme"), False),
        (ValueError("no scheme"), False),
        (RuntimeError("the client has been closed"), False),
        (ssl.SSLCertVerificationError("self-signed"), False),
        (OSError(ssl.SSLCertVerificationError("self-signed")), False),
        (ssl.SSLError("bad record"), True),
    ],
    ids=repr,
)
def test_a_connection_that_would_fail_in_the_same_way_again_is_not_worth_it(cause: Exception, retryable: bool) -> None:
    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            return self

        def __next__(self) -> bytes:
            raise cause

    with pytest.raises(TransportError) as caught:
        ChatStream(Broken()).until_done()
    assert caught.value.retryable is retryable


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        ('{"message":"busy","retry_after":2}', 2.0),
        ('{"message":"busy","details":[{"retryDelay":"12.5s"}]}', 12.5),
        ('{"message":"busy","details":[{"retryDelay":"soon"},7]}', None),
        ('{"message":"busy","retry_after":true}', None),
        ('{"message":"busy"}', None),
    ],
)
def test_how_long_to_wait_is_taken_from_an_error_in_the_stream_too(error: str, seconds: float | None) -> None:
    with pytest.raises(ProviderError) as caught:
        ChatStream([f'data: {{"error":{error}}}\n\n'.encode()]).until_done()
    assert caught.value.retry_after == seconds
    assert TransportError("").retry_after is None
