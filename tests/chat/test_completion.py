"""The completion: OpenAI's form, and shortcuts to its first choice."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import msgspec
import openai.types.chat
import pytest

from sse_stream import (
    Audio,
    ChatCompletion,
    Choice,
    ChoiceLogprobs,
    Message,
    Part,
    PromptTokensDetails,
    ReasoningPart,
    TextPart,
    TokenLogprob,
    ToolCall,
    TopLogprob,
    Usage,
)

from .test_chunks import containers


def whole(**choice: Any) -> ChatCompletion:
    message = choice.pop("message", Message(content="Hi"))
    return ChatCompletion("c1", "m", 1, [Choice(0, message, choice.pop("finish_reason", "stop"), **choice)])


def choice_of(completion: ChatCompletion) -> Any:
    """The first choice of the completion in OpenAI's form, which its own model must accept."""
    said = completion.to_dict()
    openai.types.chat.ChatCompletion.model_validate(said)
    return said["choices"][0]


def test_a_completion_in_openais_form() -> None:
    usage = Usage(
        prompt_tokens=5,
        completion_tokens=1,
        total_tokens=6,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=2, extra={"odd": 1}),
        extra={"cost": 0.5},
    )
    completion = ChatCompletion("c1", "m", 1, whole().choices, usage, {"service_tier": "default", "provider": "P"})
    assert completion.to_dict() == {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": 5,
            "completion_tokens": 1,
            "total_tokens": 6,
            "prompt_tokens_details": {"cached_tokens": 2, "odd": 1},
            "cost": 0.5,
        },
        "service_tier": "default",
        "provider": "P",
    }
    openai.types.chat.ChatCompletion.model_validate(completion.to_dict())


def test_nothing_is_made_up() -> None:
    assert ChatCompletion(choices=[Choice(0, Message())]).to_dict() == {
        "id": "",
        "object": "chat.completion",
        "created": 0,
        "model": "",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None, "refusal": None},
                "finish_reason": None,
                "logprobs": None,
            }
        ],
    }


@pytest.mark.parametrize(
    ("reason", "openai"),
    [
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("STOP", "stop"),
        ("COMPLETE", "stop"),
        ("completed", "stop"),
        ("max_tokens", "length"),
        ("max_output_tokens", "length"),
        ("model_length", "length"),
        ("MAX_TOKENS", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("TOOL_CALL", "tool_calls"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("IMAGE_PROHIBITED_CONTENT", "content_filter"),
        ("IMAGE_RECITATION", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("JAILBREAK", "content_filter"),
        ("refusal", "content_filter"),
        ("sensitive", "content_filter"),
    ],
)
def test_a_finish_reason_is_translated(reason: str, openai: str) -> None:
    said = choice_of(whole(finish_reason=reason))
    assert (said["finish_reason"], said["native_finish_reason"]) == (openai, reason)


@pytest.mark.parametrize(
    ("reason", "openai"),
    [("completed", "tool_calls"), ("STOP", "tool_calls"), ("eos", "stop"), ("MAX_TOKENS", "length")],
)
def test_a_reason_that_says_nothing_of_calls_is_translated_by_them(reason: str, openai: str) -> None:
    message = Message(tool_calls=[ToolCall("a", "f", "{}")])
    assert choice_of(whole(finish_reason=reason, message=message))["finish_reason"] == openai


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter", "function_call"])
def test_openais_finish_reasons_stay(reason: str) -> None:
    said = choice_of(whole(finish_reason=reason, extra={"native_finish_reason": "x"}))
    assert (said["finish_reason"], said["native_finish_reason"]) == (reason, "x")


def test_a_finish_reason_without_translation_stays() -> None:
    assert whole(finish_reason="error").to_dict()["choices"][0]["finish_reason"] == "error"


def moderation(score: float) -> dict[str, Any]:
    result = {
        "type": "moderation_result",
        "categories": {"hate": False},
        "category_applied_input_types": {"hate": ["text", "image"]},
        "category_scores": {"hate": score},
        "flagged": False,
        "model": "m",
    }
    return {
        "input": {"type": "moderation_results", "model": "m", "results": [result]},
        "output": {"type": "error", "code": "c", "message": "m"},
    }


@pytest.mark.parametrize(
    "extra",
    [
        {"metadata": {"a": "b"}},
        {"moderation": moderation(0.5)},
        {"system_fingerprint": "fp"},
        {"metadata": None, "moderation": None, "system_fingerprint": None, "service_tier": None},
        *({"service_tier": tier} for tier in ("auto", "default", "flex", "scale", "priority", "fast")),
    ],
)
def test_what_the_schema_types_so_stays(extra: dict[str, Any]) -> None:
    said = ChatCompletion("c1", "m", 1, whole().choices, extra=extra).to_dict()
    assert {name: said[name] for name in extra} == extra
    assert "provider_fields" not in said


@pytest.mark.parametrize(
    "extra",
    [
        {"system_fingerprint": {"a": 1}},
        {"service_tier": "on_demand"},
        {"usage": "none"},
        {"id": 5, "choices": [None]},
        {"metadata": {"a": 1}},
        {"moderation": {"a": 1}},
        {"moderation": {**moderation(0.5), "output": {"type": "other", "code": "c", "message": "m"}}},
        {"moderation": moderation(10**400)},
        {"provider_fields": 1},
    ],
)
def test_what_the_schema_types_otherwise_is_set_aside(extra: dict[str, Any]) -> None:
    said = ChatCompletion("c1", "m", 1, whole().choices, extra=extra).to_dict()
    assert said["provider_fields"] == extra
    openai.types.chat.ChatCompletion.model_validate(said)


CITATION = {"url": "u", "title": "t", "start_index": 0, "end_index": 1}


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("annotations", None, True),
        ("annotations", [{"type": "url_citation", "url_citation": CITATION}], True),
        ("annotations", [{"type": "file", "url_citation": CITATION}], False),
        ("annotations", [{"type": "url_citation", "url_citation": {"url": "u"}}], False),
        ("function_call", None, True),
        ("function_call", {"name": "f"}, False),
        ("function_call", {"name": "f", "arguments": ""}, True),
        ("images", [1], True),
        ("tool_calls", "none", False),
        ("audio", [], False),
        ("content", [{"type": "reference"}], False),
        ("reasoning", "so", False),
    ],
)
def test_what_a_message_has_besides(name: str, value: object, fits: bool) -> None:
    said = choice_of(whole(message=Message(content="Hi", reasoning="hm", extra={name: value})))["message"]
    assert (said if fits else said["provider_fields"])[name] == value


@pytest.mark.parametrize("extra", [{}, {"annotations": []}, {"annotations": None}])
def test_annotations_of_the_parts_are_those_of_the_message_unless_it_has_its_own(extra: dict[str, Any]) -> None:
    notes = [{"type": "url_citation", "url_citation": {**CITATION, "url": url}} for url in ("u", "v")]
    parts: list[Part] = [TextPart("H", notes[:1]), ReasoningPart("hm"), TextPart("i", notes[1:])]
    said = choice_of(whole(message=Message(content="Hi", parts=parts, extra=extra)))["message"]
    assert said["annotations"] == extra.get("annotations", notes)


def test_a_message_in_openais_form() -> None:
    message = Message(
        role="tool",
        reasoning="hm",
        refusal="no",
        tool_calls=[ToolCall("c1", "f", "{}", {"extra_content": 1, "type": "custom"})],
        audio=Audio("a1", "QUJD", "Hi", 9, {"format": "wav", "data": 1}),
    )
    assert choice_of(whole(message=message))["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": "no",
        "reasoning": "hm",
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "f", "arguments": "{}"},
                "extra_content": 1,
                "provider_fields": {"type": "custom"},
            }
        ],
        "audio": {
            "id": "a1",
            "data": "QUJD",
            "transcript": "Hi",
            "expires_at": 9,
            "format": "wav",
            "provider_fields": {"data": 1},
        },
        "provider_fields": {"role": "tool"},
    }


def test_audio_of_which_nothing_came() -> None:
    assert Audio() == Audio("", "", "", None, {})
    assert Audio().to_dict() == {"id": "", "data": "", "transcript": "", "expires_at": 0}


def test_log_probabilities_in_openais_form() -> None:
    token = TokenLogprob(token="H", logprob=-1.0, bytes=[72])
    top = TokenLogprob(token="H", logprob=-1.0, top_logprobs=[TopLogprob(token="H", logprob=-1.0)], extra={"odd": 1})
    said = choice_of(whole(logprobs=ChoiceLogprobs(content=[token, top], extra={"tokens": ["H"]})))
    assert said["logprobs"] == {
        "content": [
            {"token": "H", "logprob": -1.0, "bytes": [72], "top_logprobs": []},
            {"token": "H", "logprob": -1.0, "top_logprobs": [{"token": "H", "logprob": -1.0}], "odd": 1},
        ],
        "tokens": ["H"],
    }


def test_log_probabilities_of_a_refusal_in_openais_form() -> None:
    said = choice_of(whole(logprobs=ChoiceLogprobs(refusal=[TokenLogprob(token="N", logprob=-1.0)])))
    assert said["logprobs"] == {"refusal": [{"token": "N", "logprob": -1.0, "top_logprobs": []}]}


@pytest.mark.parametrize(
    "token", [TokenLogprob(token="H"), TokenLogprob(token="H", logprob=-1.0, top_logprobs=[TopLogprob(token="H")])]
)
def test_log_probabilities_without_probability_are_set_aside(token: TokenLogprob) -> None:
    said = choice_of(whole(logprobs=ChoiceLogprobs(content=[token])))
    assert said["logprobs"] is None
    assert said["provider_fields"]["logprobs"]["content"][0]["token"] == "H"


def test_usage_without_all_counts_is_set_aside() -> None:
    said = ChatCompletion("c1", "m", 1, whole().choices, Usage(prompt_tokens=1)).to_dict()
    assert "usage" not in said
    assert said["provider_fields"] == {"usage": {"prompt_tokens": 1}}


def test_the_text_is_the_first_choices() -> None:
    assert whole().text == "Hi"
    assert ChatCompletion().text == ""
    assert whole(message=Message()).text == ""
    assert ChatCompletion(choices=[Choice(1, Message(content="a")), Choice(2, Message(content="b"))]).text == "a"


def test_what_the_first_choice_says() -> None:
    calls = [ToolCall("c1", "f", "{}")]
    completion = whole(message=Message(content="Hi", tool_calls=calls), finish_reason="tool_calls")
    assert completion.message is completion.choices[0].message
    assert (completion.finish_reason, completion.tool_calls) == ("tool_calls", calls)


def test_what_no_choice_says() -> None:
    completion = ChatCompletion(dialect="other")
    assert completion.message == Message(dialect="other")
    assert (completion.text, completion.finish_reason, completion.tool_calls) == ("", None, [])
    assert ChatCompletion().dialect == Message().dialect == "openai_chat"


def test_what_a_completion_says_shares_nothing_with_it() -> None:
    extra: dict[str, Any] = {"odd": [1], "function_call": {"name": "f", "arguments": ""}, "reasoning_details": [[2]]}
    message = Message(
        content="Hi", tool_calls=[ToolCall("c1", "f", "{}", extra)], audio=Audio(extra=extra), extra=extra
    )
    token = TokenLogprob(token="H", logprob=-1.0, bytes=[72], top_logprobs=[], extra=extra)
    completion = ChatCompletion(
        "c1",
        choices=[Choice(0, message, "eos", ChoiceLogprobs(content=[token], extra=extra), extra)],
        usage=Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2, extra=extra),
        extra=extra,
    )
    own = {id(one) for one in containers(completion)}
    assert own
    for said in (completion.to_dict(), message.to_dict(), message.to_native()):
        assert own.isdisjoint({id(one) for one in containers(said)})


VALUES: list[Any] = [
    ChatCompletion("c1", usage=Usage(prompt_tokens=1)),
    Choice(0, Message()),
    Message(content="Hi", parts=[TextPart("Hi")]),
    Audio("a1"),
    ToolCall("c1", "f", "{}"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_cannot_be_set_and_can_be_copied_and_encoded(value: Any) -> None:
    for name in value.__struct_fields__:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(value, name, None)
    assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value
    json.dumps(value.to_dict())
