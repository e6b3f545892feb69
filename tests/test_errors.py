"""Every exception: its attributes, its base class, and that its file imports nothing else."""

from __future__ import annotations

import ast
import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

import sse_stream
from sse_stream import (
    ChatCompletion,
    ChunkDecodeError,
    ContentTypeError,
    EventTooLargeError,
    OutputParseError,
    OutputTooLargeError,
    PartialJSONError,
    ProviderError,
    ReconnectError,
    SSEDecoder,
    SSEStreamError,
    StatusError,
    StreamTimeoutError,
    _errors,
)

OUTSIDE = (OutputParseError, PartialJSONError)
TREE = [
    error
    for error in vars(sse_stream).values()
    if isinstance(error, type) and issubclass(error, Exception) and error not in OUTSIDE
]


def test_all_but_two_are_of_one_tree() -> None:
    assert len(TREE) == 12
    assert all(issubclass(error, SSEStreamError) for error in TREE)
    assert not any(issubclass(error, SSEStreamError) for error in OUTSIDE)
    assert all(issubclass(error, ValueError) for error in OUTSIDE)


@pytest.mark.parametrize("error", TREE)
def test_nothing_that_has_arrived_is_an_empty_completion(error: type[SSEStreamError]) -> None:
    one, other = error("what went wrong"), error("what went wrong")
    assert one.completion == ChatCompletion()
    assert one.completion is one.completion
    assert one.completion.choices is not other.completion.choices


def test_a_decoder_of_events_fails_with_an_empty_completion_too() -> None:
    with pytest.raises(SSEStreamError) as caught:
        list(SSEDecoder(max_event_size=1).feed(b"data: abc\n\n"))
    assert caught.value.completion == ChatCompletion()


def test_what_has_arrived_replaces_it() -> None:
    error = SSEStreamError("what went wrong")
    error.completion = ChatCompletion("c1")
    assert error.completion == ChatCompletion("c1")
    assert pickle.loads(pickle.dumps(error)).completion == copy.copy(error).completion == ChatCompletion("c1")


def test_the_tree_is_drawn() -> None:
    drawn = _errors.__doc__ or ""
    for error in (*TREE, *OUTSIDE):
        assert error.__name__ in drawn
    tree, _, outside = drawn.partition("OutputParseError")
    assert "SSEStreamError" in tree
    assert "PartialJSONError" in outside
    assert "outside the tree" in outside


def test_the_file_of_the_errors_imports_nothing_when_it_runs() -> None:
    body = ast.parse(Path(_errors.__file__).read_text(encoding="utf-8")).body
    assert not [node for node in body if isinstance(node, ast.ImportFrom) and node.level]


def test_the_type_of_what_has_arrived_is_known_to_checkers_only() -> None:
    assert not hasattr(_errors, "ChatCompletion")


@pytest.mark.parametrize(
    ("make", "attributes"),
    [
        (SSEStreamError, {"retry_after": None}),
        (EventTooLargeError, {"limit": 0, "excerpt": b""}),
        (OutputTooLargeError, {"limit": ""}),
        (StatusError, {"status_code": 0, "headers": {}, "body": "", "error": None, "retry_after": None}),
        (ContentTypeError, {"content_type": "", "body": ""}),
        (ChunkDecodeError, {"data": ""}),
        (ProviderError, {"message": "what went wrong", "type": None, "code": None, "body": None, "retry_after": None}),
        (StreamTimeoutError, {"kind": "read"}),
        (ReconnectError, {"attempts": 0, "last_event_id": ""}),
        (OutputParseError, {"text": ""}),
        (PartialJSONError, {"position": 0, "changes": ()}),
    ],
)
def test_what_is_not_known_of_an_error_is_empty(make: Callable[..., Exception], attributes: dict[str, object]) -> None:
    error = make("what went wrong")
    assert str(error) == "what went wrong"
    assert {name: getattr(error, name) for name in attributes} == attributes
    if "__init__" in vars(make):
        assert str(make(message="what went wrong")) == "what went wrong"


@pytest.mark.parametrize(
    ("error", "attributes"),
    [
        (EventTooLargeError("m", limit=5, excerpt=b"a"), {"limit": 5, "excerpt": b"a"}),
        (OutputTooLargeError("m", limit="max_parts"), {"limit": "max_parts"}),
        (
            StatusError("m", status_code=429, headers={"a": "b"}, body="{}", error={}, retry_after=1.5),
            {"status_code": 429, "headers": {"a": "b"}, "body": "{}", "error": {}, "retry_after": 1.5},
        ),
        (ContentTypeError("m", content_type="text/html", body="<p>"), {"content_type": "text/html", "body": "<p>"}),
        (ChunkDecodeError("m", data="{"), {"data": "{"}),
        (
            ProviderError("m", type="t", code=5, body=[1], retry_after=1.5),
            {"message": "m", "type": "t", "code": 5, "body": [1], "retry_after": 1.5},
        ),
        (StreamTimeoutError("m", kind="idle"), {"kind": "idle"}),
        (ReconnectError("m", attempts=3, last_event_id="7"), {"attempts": 3, "last_event_id": "7"}),
        (OutputParseError("m", text="{"), {"text": "{"}),
        (PartialJSONError("m", position=5), {"position": 5, "changes": ()}),
    ],
)
def test_what_is_known_of_an_error_is_an_attribute(error: Exception, attributes: dict[str, object]) -> None:
    assert str(error) == "m"
    assert {name: getattr(error, name) for name in attributes} == attributes
