"""The legacy `POST /v1/completions`: a text in place of a delta, and log probabilities as parallel arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sse_stream import (
    ChatCompletion,
    ChatDecoder,
    ChatEvent,
    ChatStream,
    ChoiceFinished,
    StreamDone,
    TextDelta,
    Usage,
    UsageReported,
)
from sse_stream.testing import bytewise, every_cut


def chunk(*choices: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"id": "cmpl-1", "object": "text_completion", "created": 5, "model": "m", "choices": list(choices), **beside}


def framed(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks) + b"data: [DONE]\n\n"


def text(text: str, index: int = 0, reason: str | None = None, **beside: Any) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason, **beside}


def read(pieces: Iterable[bytes]) -> tuple[list[ChatEvent], ChatCompletion, list[str]]:
    decoder = ChatDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    events.extend(decoder.close())
    assert decoder.ending == "complete"
    return events, decoder.completion, [anomaly.kind for anomaly in decoder.anomalies]


def read_under_cuts(body: bytes) -> tuple[list[ChatEvent], ChatCompletion]:
    whole = read([body])
    for pieces in (bytewise(body), *every_cut(body)):
        assert read(pieces) == whole
    events, completion, anomalies = whole
    assert anomalies == []
    assert events.pop() == StreamDone(completion)
    return events, completion


def test_two_choices_and_usage() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}
    body = framed(
        chunk(text("Hel")),
        chunk(text("By", 1)),
        chunk(text("lo", 0, "stop"), text("e", 1)),
        chunk(text("", 1, "length")),
        chunk(usage=usage),
    )
    events, completion = read_under_cuts(body)
    assert events == [
        TextDelta("Hel"),
        TextDelta("By", 1),
        TextDelta("lo"),
        ChoiceFinished("stop"),
        TextDelta("e", 1),
        ChoiceFinished("length", 1),
        UsageReported(Usage(prompt_tokens=1, completion_tokens=3, total_tokens=4)),
    ]
    assert [choice.message.content for choice in completion.choices] == ["Hello", "Bye"]
    assert (completion.id, completion.model, completion.created) == ("cmpl-1", "m", 5)


def test_log_probabilities_keep_their_form() -> None:
    body = framed(
        chunk(
            text(
                "Say ",
                logprobs={
                    "tokens": ["Say", " "],
                    "token_logprobs": [None, -0.5],
                    "top_logprobs": [None, {" ": -0.5}],
                    "text_offset": [0, 3],
                },
            )
        ),
        chunk(
            text(
                "hi",
                reason="stop",
                logprobs={
                    "tokens": ["hi"],
                    "token_logprobs": [-0.25],
                    "top_logprobs": [{"hi": -0.25}],
                    "text_offset": [4],
                },
            )
        ),
    )
    _, completion = read_under_cuts(body)
    (choice,) = completion.choices
    logprobs = {
        "tokens": ["Say", " ", "hi"],
        "token_logprobs": [None, -0.5, -0.25],
        "top_logprobs": [None, {" ": -0.5}, {"hi": -0.25}],
        "text_offset": [0, 3, 4],
    }
    assert choice.logprobs is not None
    assert choice.logprobs.extra == logprobs
    assert completion.to_dict()["choices"][0]["logprobs"] == logprobs


def test_a_delta_that_is_null_beside_the_text() -> None:
    _, completion = read_under_cuts(framed(chunk(text("Hi", reason="stop", delta=None))))
    assert completion.text == "Hi"


def test_fields_of_the_servers_own_are_kept() -> None:
    _, completion = read_under_cuts(framed(chunk(text("Hi", reason="stop", stop_reason=7), novel=[1])))
    assert completion.choices[0].extra == {"stop_reason": 7}
    assert completion.extra == {"novel": [1]}


def test_chunks_remember_what_came() -> None:
    sent = [chunk(text("Hi")), chunk(text("", reason="stop"))]
    decoder = ChatDecoder()
    chunks = [*decoder.feed_chunks(framed(*sent)), *decoder.close_chunks()]
    assert [one.raw for one in chunks] == sent
    assert [one.object for one in chunks] == ["text_completion"] * 2


def test_a_server_that_ignores_stream() -> None:
    document = json.dumps(chunk(text("Hi", reason="stop"))).encode()
    assert ChatStream([document]).until_done().text == "Hi"
