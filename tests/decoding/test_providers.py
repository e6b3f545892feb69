"""The anomalies of each provider's normal streams: notes and deviations in the recordings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from sse_stream import AnomalyKind, AnomalyLevel, ChatDecoder, ChunkDecodeError, SSEStreamError

from ..conftest import recordings

Odd = tuple[tuple[AnomalyLevel, AnomalyKind, int], ...]
"""Level, kind and count of each anomaly, in the order in which the kinds are first met."""

NOTHING: Odd = ()

# By provider, then by what its file is called behind the provider's name.
PROVIDERS: Mapping[str, Mapping[str, Odd]] = {
    # A usage on the last chunk alone, then [DONE]: as the format says.
    "ai21": {"test-ai21-provider-1": NOTHING},
    # The id is `""` in later pieces of a call. It was given with the first: nothing is missing.
    "alibaba": {"genstream-tools-squareroot-1": NOTHING},
    # The first chunk has `choices: []` and empty id, model and object, and time 0: allowed, and no other id.
    "azure": {"completion-azure-stream": NOTHING, "deepseek-r1-streaming-1": NOTHING},
    # Usage on every chunk, the id of a call on every piece of it, `null` for all that is not said.
    "baseten": {"genstream-tools-squareroot-1": NOTHING},
    # No `finish_reason` before the last chunk: absent is as good as `null`.
    "cerebras": {"genstream-citations-text-plain": NOTHING},
    "crusoe": {"test-crusoe-model-streaming": NOTHING},
    # Usage on every chunk, with counts that are null until the last; a call whose arguments are empty.
    "databricks": {"test-databricks-tool-variations": NOTHING},
    "deepseek": {"stream-cafa8a90ca5f761385a8ea6a52132076-1": NOTHING},
    # `"tool_calls":[{"function":{…},"id":"","type":"function"}]`: no index, and an id that is empty.
    "google": {
        "test-openai-chat-model-gemini-acomplete-return-true-output-type": (
            ("deviation", "missing_call_index", 1),
            ("deviation", "missing_call_id", 1),
        ),
    },
    # llama.cpp's `error: {…}` field in the end, which is an error and no anomaly.
    "gpustack": {"chat-with-extended-thinking-gpustack-qwen3-streams-thinking-c": NOTHING},
    # Its systems of several models (`groq/compound`, and `gpt-oss` that searches the web) show each model's own
    # ids: another on each chunk, or with each of seven turns, and `"id":"stub"` on the last. The usage of all stands in
    # `x_groq`, and its error is an event called `error`.
    "groq": {
        "genstream-citations-text-markdown": NOTHING,
        "genstream-json": (("note", "id_changed", 180),),
        "genstream-tools-websearch": (("note", "id_changed", 6),),
        "test-tool-use-failed-error-streaming-with-text": NOTHING,
    },
    # A router: whose bytes they are shows in the id. Cerebras (`respects-turns-interface`) and TGI (`tapes-67`, which has
    # `data:` without a space, an empty id, and `eos_token` for a reason) never send [DONE]. The others have Together's
    # `text` beside the delta, Azure's `content_filter_results`, or a `name` in each delta: fields of their own.
    "huggingface": {
        "genstream-citations-text-markdown": NOTHING,
        "genstream-citations-text-plain": NOTHING,
        "genstream-json": NOTHING,
        "genstream-toplogprobs": NOTHING,
        "multi-tool-streaming": NOTHING,
        "test-huggingface-images": NOTHING,
        "test-huggingface-respects-turns-interface": (("note", "missing_done", 1),),
        "test-tapes-67": (("note", "missing_done", 1),),
    },
    # Of two choices only the first has a chunk with `"finish_reason":"stop"`, then [DONE].
    "litellm": {"completion-stream-multiple-choices-proxy": (("deviation", "missing_finish_reason", 1),)},
    "llamacpp": {"tool-streaming": NOTHING},
    # In 2024 the calls had no index, `"tool_calls":[{"id":"QAw0JBXkB","function":{…}},{"id":"HlyhI5zAI",…}]`; today they
    # do. Sound counts as `total_tokens` only: `"prompt_tokens":16,"total_tokens":393,"completion_tokens":2`. Content
    # in parts, and padding in `p`, are its own.
    "mistral": {
        "chat-function-calling-mistral-mistral-small-latest-can-use-too": NOTHING,
        "chat-mistral-hybrid-reasoning-streams-thinking-separately-from": NOTHING,
        "genstreammultimodal-audio-flac-inline": (("note", "odd_total", 1),),
        "mistral-v1-chat-completions-post-1798d156": NOTHING,
        "test-mistral-chat-model-acomplete-async-parallel-function-call": (("deviation", "missing_call_index", 2),),
        "test-synchronous-streaming-chat-completions-with-tool-call-res": (("deviation", "missing_call_index", 1),),
    },
    # Text has nothing. Sound (`gpt-audio`) has 60 chunks of padding, `{"id":…,"usage":null,"obfuscation":"u"}`, and no
    # finish reason before [DONE]; when it runs out of tokens (`stop`) it says so in an error, before any of that.
    "openai": {
        "genstream-citations-text-markdown": (
            ("deviation", "missing_choices", 60),
            ("deviation", "missing_finish_reason", 1),
        ),
        "genstream-stop": NOTHING,
        "openai-gpt-4o-completions-async-stream": NOTHING,
        "test-openai-moderation-stream": NOTHING,
    },
    # Keep-alives are comments, and the chunk with the usage says the finish reason again: neither is odd. Gemini behind it
    # (`1-b`) finishes 15 times with `tool_calls`, a call after each of them, then with `stop` beside an error.
    "openrouter": {
        "object-streaming-1": NOTHING,
        "object-streaming-1-b": (
            ("deviation", "content_after_finish", 14),
            ("deviation", "finish_repeated", 1),
        ),
        "object-streaming-1-b-b": NOTHING,
        "openrouter-anthropic-claude-3-5-sonnet-20241022": NOTHING,
    },
    # Each chunk has the message so far beside its delta; the last has the whole of it and an empty delta; no [DONE].
    "perplexity": {
        "chat-streaming-responses-perplexity-sonar-supports-streamin": (
            ("note", "message_beside_delta", 5),
            ("deviation", "message_repeated", 1),
            ("note", "missing_done", 1),
        ),
        "chat-with-extended-thinking-perplexity-sonar-reasoning-pro": (
            ("note", "message_beside_delta", 388),
            ("deviation", "message_repeated", 1),
            ("note", "missing_done", 1),
        ),
        "genstream-citations-text-markdown": (
            ("note", "message_beside_delta", 10),
            ("deviation", "message_repeated", 1),
            ("note", "missing_done", 1),
        ),
        "genstream-tools-websearch": (
            ("note", "message_beside_delta", 4),
            ("deviation", "message_repeated", 1),
            ("note", "missing_done", 1),
        ),
    },
    # Of two calls the first ends with `"finish_reason":"tool_calls"`, and 17 pieces of the second follow. The text beside
    # the delta in `text`, the token in `token_id`, and `eos` for a reason are its own.
    "together": {
        "should-set-attributes-in-span-for-streaming-completion-14840": NOTHING,
        "should-set-function-call-attributes-in-span-for-stream-compl": (("deviation", "content_after_finish", 17),),
        "test-chat-stream": NOTHING,
        "test-tapes-99": NOTHING,
    },
    "vercel": {"gateway-multi-tool-streaming": NOTHING},
    # Annotations in a delta before all text, and `: PROCESSING` as a comment: neither is odd.
    "xiaomi": {"genstream-tools-websearch": NOTHING, "genstreammultimodal-video-mp4-inline": NOTHING},
    # A whole call in one piece.
    "zai": {"object-streaming-1": NOTHING},
}

# What a text stream of these has is read as their format has it: strict mode refuses none.
CLEAN = ("openai", "groq", "deepseek", "xai")


def anomalies(body: bytes) -> Odd:
    decoder = ChatDecoder()
    with suppress(SSEStreamError):
        list(decoder.feed(body))
        list(decoder.close())
    return tuple((anomaly.level, anomaly.kind, anomaly.count) for anomaly in decoder.anomalies)


def fails_strictly(body: bytes) -> bool:
    """Whether strict mode raises, and not because the stream would fail anyway."""
    decoder = ChatDecoder(strict=True)
    try:
        list(decoder.feed(body))
        list(decoder.close())
    except ChunkDecodeError:
        return True
    except SSEStreamError:
        pass
    return False


def test_what_is_odd_about_a_recording(recording: Path) -> None:
    provider, _, rest = recording.stem.partition("-")
    expected = PROVIDERS.get(provider, {}).get(rest)
    if expected is None:
        pytest.skip("nobody has looked at this recording")
    assert anomalies(recording.read_bytes()) == expected


def test_strict_mode_refuses_what_deviates_and_nothing_else(recording: Path) -> None:
    body = recording.read_bytes()
    deviates = any(level == "deviation" for level, _, _ in anomalies(body))
    assert fails_strictly(body) == deviates


def test_text_of_the_providers_that_set_the_format_does_not_deviate(recording: Path) -> None:
    body = recording.read_bytes()
    if recording.stem.partition("-")[0] not in CLEAN or b'"audio":{' in body:
        pytest.skip("of another provider, or sound")
    assert not [kind for level, kind, _ in anomalies(body) if level == "deviation"]


def test_each_recording_that_was_looked_at_is_there() -> None:
    found = {recording.stem for recording in recordings()}
    listed = {f"{provider}-{rest}" for provider, of_provider in PROVIDERS.items() for rest in of_provider}
    if not found & listed:
        pytest.skip("the recordings are not here")
    assert listed <= found


def test_a_total_that_is_no_sum_is_a_note() -> None:
    """xAI counts its reasoning in the total alone; none of its streams is among the recordings."""
    body = (
        b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"grok-4","choices":[{"index":0,"delta":'
        b'{"role":"assistant","reasoning_content":"Hm"}}],"system_fingerprint":"fp_1"}\n\n'
        b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"grok-4","choices":[{"index":0,"delta":'
        b'{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,'
        b'"total_tokens":110,"completion_tokens_details":{"reasoning_tokens":100}},"system_fingerprint":"fp_1"}\n\n'
        b"data: [DONE]\n\n"
    )
    assert anomalies(body) == (("note", "odd_total", 1),)
    assert not fails_strictly(body)
