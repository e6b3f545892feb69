"""An error event that a server or a gateway writes into the middle of another event, in each format."""

from __future__ import annotations

import pytest

from sse_stream import ChatDecoder, ProviderError
from sse_stream.dialects import AnthropicMessages, Dialect, GeminiContent, OpenAIChat, OpenAIResponses
from sse_stream.testing import bytewise, every_cut

FORMATS: dict[type[Dialect], bytes] = {
    OpenAIChat: b'data: {"choices":[{"index":0,"delta":{"conte',
    AnthropicMessages: b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del',
    OpenAIResponses: b'data: {"type":"response.output_text.delta","del',
    GeminiContent: b'data: {"candidates":[{"content":{"parts":[{"te',
}
ERRORS = {
    "named": b'\nevent: error\ndata: {"message":"busy"}\n\n',
    "named, with an error object": b'\nevent: error\ndata: {"type":"error","error":{"message":"busy"}}\n\n',
    "not named": b'\ndata: {"error":{"message":"busy"}}\n\n',
    "in the same line": b'data: {"error":{"message":"busy"}}\n\n',
    "in a list": b'\ndata: [{"error":{"message":"busy"}}]\n\n',
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("dialect", FORMATS, ids=lambda dialect: dialect.name)
def test_the_error_is_found_in_the_last_line(dialect: type[Dialect], error: str) -> None:
    body = FORMATS[dialect] + ERRORS[error]
    for pieces in ([body], list(bytewise(body)), *every_cut(body)):
        decoder = ChatDecoder(dialect=dialect())
        with pytest.raises(ProviderError, match=r"^busy$"):
            for data in pieces:
                list(decoder.feed(data))
        assert [anomaly.kind for anomaly in decoder.anomalies] == ["interrupted_event"]


@pytest.mark.parametrize("dialect", FORMATS, ids=lambda dialect: dialect.name)
def test_a_named_error_may_be_text(dialect: type[Dialect]) -> None:
    decoder = ChatDecoder(dialect=dialect())
    with pytest.raises(ProviderError, match=r"^it is\nbusy$"):
        list(decoder.feed(b"event: error\ndata: it is\ndata: busy\n\n"))
    assert decoder.anomalies == ()
