"""How each kind of API is asked: where, with which key, and in which words."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

Payload: TypeAlias = dict[str, object]


class UsageError(Exception):
    """Something is missing, or cannot be sent; it says what to pass."""


class ChatRequest(NamedTuple):
    """A request for a streamed answer.

    Attributes:
        url: Where it goes.
        headers: Its headers, names in lower case.
        payload: Its body, as JSON.
    """

    url: str
    headers: dict[str, str]
    payload: Payload


class Key(NamedTuple):
    """How a key is sent.

    Attributes:
        variable: The environment variable that holds it.
        header: The header's name.
        prefix: What stands before it.
    """

    variable: str
    header: str
    prefix: str = ""


class Prompt(NamedTuple):
    """What is asked.

    Attributes:
        model: The model's name.
        text: The prompt.
        system: The system message, if there is one.
        wants_usage: Whether to ask for usage, where that needs asking.
    """

    model: str
    text: str
    system: str | None = None
    wants_usage: bool = True


class API(NamedTuple):
    """A kind of API.

    Attributes:
        base_url: The environment variable that holds its base URL.
        default_base_url: The base URL where there is none, `""` if it has to be given.
        model: The environment variable that holds the model's name.
        keys: How its key is sent, in order of preference.
        endpoint: Makes the URL of a base URL and a model.
        payload: Makes the body of a request.
        headers: What is sent besides.
    """

    base_url: str
    default_base_url: str
    model: str
    keys: tuple[Key, ...]
    endpoint: Callable[[str, str], str]
    payload: Callable[[Prompt], Payload]
    headers: Mapping[str, str] = {}


def chat_request(
    api: API,
    prompt: str,
    *,
    model: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    system: str | None = None,
    wants_usage: bool = True,
) -> ChatRequest:
    """The request that asks an API; what is not given comes from its environment variables.

    Args:
        api: The API.
        prompt: The prompt.
        model: The model's name.
        base_url: The base URL.
        api_key: The key, if the server wants one.
        system: The system message.
        wants_usage: Whether to ask for usage, where that needs asking.

    Raises:
        UsageError: Something is missing, or cannot be sent.
    """
    base_url = (base_url or os.environ.get(api.base_url, "") or api.default_base_url).rstrip("/")
    if not base_url:
        raise UsageError(
            f"there is no base URL: pass --base-url, or set {api.base_url}, as in https://api.example.com/v1"
        )
    model = model or os.environ.get(api.model, "")
    if not model:
        raise UsageError(f"there is no model: pass --model, or set {api.model}")
    headers = {"accept": "text/event-stream", **api.headers}
    for key in api.keys:
        value = (api_key or os.environ.get(key.variable, "")).strip()
        if not value.isascii() or not value.isprintable():
            raise UsageError(
                f"the key holds characters that no HTTP header can carry: check --api-key or {key.variable}"
            )
        if value:
            headers[key.header] = key.prefix + value
            break
    return ChatRequest(api.endpoint(base_url, model), headers, api.payload(Prompt(model, prompt, system, wants_usage)))


# ---------------------------------------------------------------------------------------------- OpenAI


def _message(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def _chat_payload(prompt: Prompt) -> Payload:
    system = [] if prompt.system is None else [_message("system", prompt.system)]
    payload: Payload = {"model": prompt.model, "messages": [*system, _message("user", prompt.text)], "stream": True}
    if prompt.wants_usage:
        payload["stream_options"] = {"include_usage": True}
    return payload


def _responses_payload(prompt: Prompt) -> Payload:
    system = {} if prompt.system is None else {"instructions": prompt.system}
    return {"model": prompt.model, **system, "input": prompt.text, "stream": True}


def _at(path: str) -> Callable[[str, str], str]:
    """The endpoint at a path below the base URL, which may have that path already."""
    return lambda base_url, _: base_url if base_url.endswith(path) else base_url + path


_OPENAI_KEYS = (Key("OPENAI_API_KEY", "authorization", "Bearer "),)


# ------------------------------------------------------------------------------------------- Anthropic

# An answer has to have a bound. This one is below that of each model.
_MAX_TOKENS = 4096


def _messages_endpoint(base_url: str, _: str) -> str:
    """The base URL is that of the server, as its SDK takes it; one with a version is as good."""
    if base_url.endswith("/messages"):
        return base_url
    return f"{base_url}/messages" if base_url.endswith("/v1") else f"{base_url}/v1/messages"


def _messages_payload(prompt: Prompt) -> Payload:
    system = {} if prompt.system is None else {"system": prompt.system}
    messages = [_message("user", prompt.text)]
    return {"model": prompt.model, "max_tokens": _MAX_TOKENS, **system, "messages": messages, "stream": True}


# ---------------------------------------------------------------------------------------------- Gemini


def _gemini_endpoint(base_url: str, model: str) -> str:
    """The base URL is that of the server, as its SDK takes it; one with a version, or with a project, is as good."""
    if not re.search(r"[^/]/v[0-9]", base_url):
        base_url += "/v1beta"
    name = model if "/" in model else f"models/{model}"
    return f"{base_url}/{name}:streamGenerateContent?alt=sse"


def _gemini_payload(prompt: Prompt) -> Payload:
    payload: Payload = {"contents": [{"role": "user", "parts": [{"text": prompt.text}]}]}
    if prompt.system is not None:
        payload["systemInstruction"] = {"parts": [{"text": prompt.system}]}
    return payload


APIS: Mapping[str, API] = {
    "chat": API("OPENAI_BASE_URL", "", "OPENAI_MODEL", _OPENAI_KEYS, _at("/chat/completions"), _chat_payload),
    "responses": API(
        "OPENAI_BASE_URL",
        "https://api.openai.com/v1",
        "OPENAI_MODEL",
        _OPENAI_KEYS,
        _at("/responses"),
        _responses_payload,
    ),
    "anthropic": API(
        "ANTHROPIC_BASE_URL",
        "https://api.anthropic.com",
        "ANTHROPIC_MODEL",
        (Key("ANTHROPIC_API_KEY", "x-api-key"), Key("ANTHROPIC_AUTH_TOKEN", "authorization", "Bearer ")),
        _messages_endpoint,
        _messages_payload,
        {"anthropic-version": "2023-06-01"},
    ),
    "gemini": API(
        "GOOGLE_GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com",
        "GEMINI_MODEL",
        (Key("GEMINI_API_KEY", "x-goog-api-key"), Key("GOOGLE_API_KEY", "x-goog-api-key")),
        _gemini_endpoint,
        _gemini_payload,
    ),
}
"""The APIs that can be asked, by what `--api` calls them."""
