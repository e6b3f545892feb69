"""The typed events: a closed union of frozen classes, distinguished by class and `type`, and encodable as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import mypy.api
import pytest

from sse_stream import (
    AudioDelta,
    ChatCompletion,
    ChatEvent,
    ChoiceFinished,
    KeepAlive,
    PartDone,
    PartStarted,
    ReasoningDelta,
    RefusalDelta,
    StreamDone,
    TextDelta,
    TextPart,
    ToolCall,
    ToolCallDelta,
    ToolCallDone,
    ToolCallStarted,
    Usage,
    UsageReported,
)

TYPED = Path(__file__).parents[1] / "typing" / "chat_events.py"

EVENTS: list[tuple[ChatEvent, str]] = [
    (TextDelta("Hi"), '{"type":"text_delta","text":"Hi","choice":0}'),
    (ReasoningDelta("hm", 1), '{"type":"reasoning_delta","text":"hm","choice":1}'),
    (RefusalDelta("no"), '{"type":"refusal_delta","text":"no","choice":0}'),
    (
        AudioDelta(data="QUJD"),
        '{"type":"audio_delta","id":null,"data":"QUJD","transcript":null,"expires_at":null,"choice":0}',
    ),
    (ToolCallStarted(0, "c1", "add"), '{"type":"tool_call_started","index":0,"id":"c1","name":"add","choice":0}'),
    (ToolCallDelta(0, "{}"), '{"type":"tool_call_delta","index":0,"arguments":"{}","choice":0}'),
    (
        ToolCallDone(0, ToolCall("c1", "add", "{}")),
        (
            '{"type":"tool_call_done","index":0,"tool_call":{"id":"c1","name":"add","arguments":"{}","extra":{},'
            '"kind":"function"},"choice":0}'
        ),
    ),
    (ChoiceFinished("stop"), '{"type":"choice_finished","reason":"stop","choice":0}'),
    (UsageReported(Usage(prompt_tokens=1)), '{"type":"usage_reported","usage":{"prompt_tokens":1}}'),
    (KeepAlive("ping"), '{"type":"keep_alive","comment":"ping"}'),
    (PartStarted(0, "text"), '{"type":"part_started","index":0,"kind":"text","choice":0}'),
    (
        PartDone(0, TextPart("Hi", native={"a": 1})),
        '{"type":"part_done","index":0,"part":{"type":"text","text":"Hi","annotations":[],"native":{"a":1}},"choice":0}',
    ),
    (
        StreamDone(ChatCompletion()),
        (
            '{"type":"stream_done","completion":{"id":null,"model":null,"created":null,"choices":[],"usage":null,'
            '"extra":{},"dialect":"openai_chat"}}'
        ),
    ),
]


def test_every_event_is_in_the_table() -> None:
    assert [type(event) for event, _ in EVENTS] == list(get_args(ChatEvent))


@pytest.mark.parametrize("type", get_args(ChatEvent))
def test_an_event_is_of_the_first_choice_unless_it_names_another(type: type[ChatEvent]) -> None:
    defaults = [field.default for field in msgspec.structs.fields(type) if field.name == "choice"]
    assert defaults == ([] if type in (UsageReported, KeepAlive, StreamDone) else [0])


@pytest.mark.parametrize(("event", "encoded"), EVENTS, ids=lambda value: getattr(value, "type", ""))
def test_an_event_encodes_to_json_with_its_type(event: ChatEvent, encoded: str) -> None:
    assert msgspec.json.encode(event).decode() == encoded
    assert f'"type":"{event.type}"' in encoded


@pytest.mark.parametrize(("event", "encoded"), EVENTS, ids=lambda value: getattr(value, "type", ""))
def test_an_event_is_decoded_again(event: ChatEvent, encoded: str) -> None:
    assert msgspec.json.decode(encoded, type=ChatEvent) == event


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (TextDelta("Hi", 1), {"type": "text_delta", "text": "Hi", "choice": 1}),
        (
            AudioDelta(data="QUJD"),
            {"type": "audio_delta", "id": None, "data": "QUJD", "transcript": None, "expires_at": None, "choice": 0},
        ),
        (
            ToolCallDone(1, ToolCall("c1", "add", "{}", {"odd": 1})),
            {
                "type": "tool_call_done",
                "index": 1,
                "tool_call": {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "add", "arguments": "{}"},
                    "odd": 1,
                },
                "choice": 0,
            },
        ),
        (
            UsageReported(Usage(prompt_tokens=1, extra={"cost": 0.5})),
            {"type": "usage_reported", "usage": {"prompt_tokens": 1, "cost": 0.5}},
        ),
        (
            PartDone(0, TextPart("Hi", [{"a": [1]}])),
            {
                "type": "part_done",
                "index": 0,
                "part": {"type": "text", "text": "Hi", "annotations": [{"a": [1]}], "native": None},
                "choice": 0,
            },
        ),
        (
            StreamDone(ChatCompletion("c1")),
            {
                "type": "stream_done",
                "completion": {"id": "c1", "object": "chat.completion", "created": 0, "model": "", "choices": []},
            },
        ),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_an_event_as_a_dict(event: ChatEvent, said: dict[str, Any]) -> None:
    assert event.to_dict() == said


@pytest.mark.parametrize(("event", "encoded"), EVENTS, ids=lambda value: getattr(value, "type", ""))
def test_an_event_as_a_dict_has_its_fields_and_is_ready_for_json(event: ChatEvent, encoded: str) -> None:
    said = json.loads(json.dumps(event.to_dict()))
    assert said == event.to_dict()
    assert said.keys() == {"type", *event.__struct_fields__}
    assert said["type"] == event.type


@pytest.mark.parametrize(("event", "encoded"), EVENTS, ids=lambda value: getattr(value, "type", ""))
def test_an_event_is_frozen_and_comparable(event: ChatEvent, encoded: str) -> None:
    name = event.__struct_fields__[0]
    with pytest.raises(AttributeError, match="immutable"):
        setattr(event, name, None)
    assert event == type(event)(*(getattr(event, field) for field in event.__struct_fields__))
    assert repr(event).startswith(f"{type(event).__name__}({name}=")


def test_each_type_has_its_own_name() -> None:
    assert len({event.type for event, _ in EVENTS}) == len(EVENTS)


def test_a_type_checker_misses_the_case_that_is_not_there(tmp_path: Path) -> None:
    whole = TYPED.read_text(encoding="utf-8")
    by_class = "        case KeepAlive(comment):\n            return assert_type(comment, str)\n"
    by_type = '    if event.type == "keep_alive":\n        return assert_type(event, KeepAlive).comment\n'
    assert by_class in whole
    assert by_type in whole
    (tmp_path / "whole.py").write_text(whole, encoding="utf-8")
    (tmp_path / "lacking.py").write_text(whole.replace(by_class, "").replace(by_type, ""), encoding="utf-8")
    files = [str(tmp_path / "whole.py"), str(tmp_path / "lacking.py")]
    said, complaints, _ = mypy.api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), *files])
    assert complaints == ""
    errors = [line for line in said.splitlines() if "whole.py" in line or "lacking.py" in line]
    assert all("lacking.py" in line for line in errors)
    assert ['"KeepAlive"; expected "Never"' in line for line in errors] == [True, True], said
