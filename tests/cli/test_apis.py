"""Requests to each supported API."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from sse_stream._cli._apis import APIS, ChatRequest, UsageError, chat_request
from sse_stream._cli._main import main
from sse_stream.testing import ReplayServer


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the environment variables that requests are built from."""
    for name in os.environ:
        if name.startswith(("OPENAI_", "ANTHROPIC_", "GEMINI_", "GOOGLE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


CHAT = {
    "model": "m",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
RESPONSES = {"model": "m", "instructions": "Be brief.", "input": "Hi", "stream": True}
MESSAGES = {
    "model": "m",
    "max_tokens": 4096,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
}
CONTENTS = {
    "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
}
KEYS: dict[str, dict[str, str]] = {
    "chat": {"authorization": "Bearer k"},
    "responses": {"authorization": "Bearer k"},
    "anthropic": {"x-api-key": "k", "anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": "k"},
}


@pytest.mark.parametrize(
    ("name", "base_url", "url", "payload"),
    [
        ("chat", "http://h/v1/", "http://h/v1/chat/completions", CHAT),
        ("chat", "http://h/v1/chat/completions", "http://h/v1/chat/completions", CHAT),
        ("responses", "http://h/v1", "http://h/v1/responses", RESPONSES),
        ("responses", None, "https://api.openai.com/v1/responses", RESPONSES),
        ("anthropic", "http://h/", "http://h/v1/messages", MESSAGES),
        ("anthropic", "http://h/v1", "http://h/v1/messages", MESSAGES),
        ("anthropic", "http://h/x/v1/messages", "http://h/x/v1/messages", MESSAGES),
        ("anthropic", None, "https://api.anthropic.com/v1/messages", MESSAGES),
        ("gemini", "http://h", "http://h/v1beta/models/m:streamGenerateContent?alt=sse", CONTENTS),
        ("gemini", "http://v1.h", "http://v1.h/v1beta/models/m:streamGenerateContent?alt=sse", CONTENTS),
        ("gemini", "http://h/v1", "http://h/v1/models/m:streamGenerateContent?alt=sse", CONTENTS),
        (
            "gemini",
            None,
            "https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse",
            CONTENTS,
        ),
    ],
)
def test_where_a_request_goes_and_what_it_says(
    name: str, base_url: str | None, url: str, payload: dict[str, Any]
) -> None:
    request = chat_request(APIS[name], "Hi", model="m", base_url=base_url, api_key=" k\n", system="Be brief.")
    assert request == ChatRequest(url, {"accept": "text/event-stream", **KEYS[name]}, payload)


def test_a_model_with_a_path_is_at_that_path() -> None:
    base_url = "https://h/v1/projects/p/locations/l"
    request = chat_request(APIS["gemini"], "Hi", model="publishers/google/models/m", base_url=base_url)
    assert request.url == f"{base_url}/publishers/google/models/m:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("name", "variables", "sent"),
    [
        ("chat", {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://h"}, KEYS["chat"]),
        ("responses", {"OPENAI_API_KEY": "k", "OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://h"}, KEYS["chat"]),
        (
            "anthropic",
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_MODEL": "m", "ANTHROPIC_BASE_URL": "http://h"},
            KEYS["anthropic"],
        ),
        (
            "anthropic",
            {"ANTHROPIC_AUTH_TOKEN": "k", "ANTHROPIC_MODEL": "m", "ANTHROPIC_BASE_URL": "http://h"},
            {"authorization": "Bearer k", "anthropic-version": "2023-06-01"},
        ),
        (
            "gemini",
            {"GEMINI_API_KEY": "k", "GEMINI_MODEL": "m", "GOOGLE_GEMINI_BASE_URL": "http://h"},
            KEYS["gemini"],
        ),
        (
            "gemini",
            {"GOOGLE_API_KEY": "k", "GEMINI_MODEL": "m", "GOOGLE_GEMINI_BASE_URL": "http://h"},
            KEYS["gemini"],
        ),
    ],
)
def test_what_is_not_given_comes_from_the_environment(
    name: str, variables: dict[str, str], sent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    request = chat_request(APIS[name], "Hi")
    assert request.url.startswith("http://h/")
    assert request.headers == {"accept": "text/event-stream", **sent}
    assert "m" in (request.payload.get("model"), request.url.partition("/models/")[2].partition(":")[0])


@pytest.mark.parametrize("name", APIS)
def test_what_is_missing_is_told(name: str) -> None:
    with pytest.raises(UsageError, match=r"no model: pass --model or set [A-Z]+_MODEL"):
        chat_request(APIS[name], "Hi", base_url="http://h")
    with pytest.raises(
        UsageError, match=r"characters not allowed in an HTTP header: check --api-key or [A-Z]+_API_KEY"
    ):
        chat_request(APIS[name], "Hi", base_url="http://h", model="m", api_key="schlüssel")


def test_a_chat_server_has_no_usual_place() -> None:
    with pytest.raises(UsageError, match="no base URL: pass --base-url or set OPENAI_BASE_URL"):
        chat_request(APIS["chat"], "Hi", model="m")


def test_usage_need_not_be_asked_for() -> None:
    request = chat_request(APIS["chat"], "Hi", model="m", base_url="http://h", wants_usage=False)
    assert request.payload == {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


ANSWER = b"".join(
    b"data: " + json.dumps(response).encode() + b"\r\n\r\n"
    for response in (
        {"candidates": [{"content": {"parts": [{"text": "Gr\u00fc\u00df"}], "role": "model"}}]},
        {"candidates": [{"content": {"parts": [{"text": " dich"}]}, "finishReason": "STOP"}]},
    )
)


def test_gemini_is_asked_and_its_answer_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayServer(ANSWER) as server:
        code = main(["chat", "Hi", "--api", "gemini", "--model", "m", "--base-url", server.url, "--api-key", "k"])
        (request,) = server.requests
    assert (code, capsys.readouterr().out) == (0, "Grüß dich\n")
    assert request.path == "/v1beta/models/m:streamGenerateContent?alt=sse"
    assert request.headers["x-goog-api-key"] == "k"


@pytest.mark.parametrize(("name", "path"), [("anthropic", "/v1/messages"), ("responses", "/v1/responses")])
def test_each_api_is_asked_at_its_own_path(name: str, path: str) -> None:
    refusal = b'{"error": {"type": "authentication_error", "message": "invalid key"}}'
    with ReplayServer(refusal, status=401, content_type="application/json") as server:
        assert main(["chat", "Hi", "--api", name, "--model", "m", "--base-url", server.base_url]) == 4
        (request,) = server.requests
    assert (request.method, request.path) == ("POST", path)
