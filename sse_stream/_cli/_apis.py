"""Requests to each supported API: endpoint, authentication and payload."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from ..dialects._formats import ANTHROPIC_MESSAGES, GEMINI_CONTENT, OPENAI_CHAT, OPENAI_RESPONSES

Payload: TypeAlias = dict[str, object]


class UsageError(Exception):
    """A required setting is missing or invalid; the message says what to pass."""


class ChatRequest(NamedTuple):
    """A POST request for a streamed answer.

    Attributes:
        url: The endpoint.
        headers: The headers, with lower-case names.
        payload: The JSON body.
    """

    url: str
    headers: dict[str, str]
    payload: Payload


class Key(NamedTuple):
    """How an API key is sent.

    Attributes:
        variable: The environment variable that holds the key.
        header: The header's name.
        prefix: Text before the key in the header's value.
    """

    variable: str
    header: str
    prefix: str = ""


class Prompt(NamedTuple):
    """A prompt and its settings.

    Attributes:
        model: The model's name.
        text: The prompt.
        system: The system message, if any.
        wants_usage: Whether to request usage from APIs that send it only on request.
    """

    model: str
    text: str
    system: str | None = None
    wants_usage: bool = True


class API(NamedTuple):
    """A type of API.

    Attributes:
        format: The wire format of its streams.
        base_url: The environment variable that holds the base URL.
        default_base_url: The default base URL, or `""` if one is required.
        model: The environment variable that holds the model's name.
        keys: How the API key can be sent, in order of preference.
        endpoint: Builds the endpoint's URL from a base URL and a model.
        payload: Builds the request body.
        headers: Additional headers.
    """

    format: str
    base_url: str
    default_base_url: str
    model: str
    keys: tuple[Key, ...]
    endpoint: Callable[[str, str], str]
    payload: Callable[[Prompt], Payload]
    headers: Mapping[str, str] = {}


def shown_url(url: str) -> str:
    """Return a URL without what may be secret: a user and password, the query and the fragment.

    >>> shown_url("https://me:secret@api.example.com/v1?key=secret")
    'https://api.example.com/v1'
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


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
    """Build a request for a streamed answer; settings that are not passed come from environment variables.

    Args:
        api: The API.
        prompt: The prompt.
        model: The model's name.
        base_url: The base URL.
        api_key: The API key, if the server requires one.
        system: The system message.
        wants_usage: Whether to request usage from APIs that send it only on request.

    Raises:
        UsageError: The base URL or the model is missing, or the key is not valid in a header.
    """
    stated, _, query = (base_url or os.environ.get(api.base_url, "") or api.default_base_url).partition("?")
    base_url = stated.rstrip("/")
    if not base_url:
        raise UsageError(f"no base URL: pass --base-url or set {api.base_url}, for example https://api.example.com/v1")
    model = model or os.environ.get(api.model, "")
    if not model:
        raise UsageError(f"no model: pass --model or set {api.model}")
    headers = {"accept": "text/event-stream", **api.headers}
    for key in api.keys:
        value = (api_key or os.environ.get(key.variable, "")).strip()
        if not value.isascii() or not value.isprintable():
            raise UsageError(
                f"the API key contains characters not allowed in an HTTP header: check --api-key or {key.variable}"
            )
        if value:
            headers[key.header] = key.prefix + value
            break
    url = api.endpoint(base_url, model)
    if query:  # of the base URL, such as Azure's api-version: it belongs behind the path
        url += f"{'&' if '?' in url else '?'}{query}"
    return ChatRequest(url, headers, api.payload(Prompt(model, prompt, system, wants_usage)))


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
    """Append a path to the base URL, unless the URL already ends with it."""
    return lambda base_url, _: base_url if base_url.endswith(path) else base_url + path


_OPENAI_KEYS = (Key("OPENAI_API_KEY", "authorization", "Bearer "),)


# ------------------------------------------------------------------------------------------- Anthropic

# The API requires `max_tokens`; every model allows this many.
_MAX_TOKENS = 4096


def _messages_endpoint(base_url: str, _: str) -> str:
    """Accept the server's base URL, as the SDK does, or one that includes the version."""
    if base_url.endswith("/messages"):
        return base_url
    return f"{base_url}/messages" if base_url.endswith("/v1") else f"{base_url}/v1/messages"


def _messages_payload(prompt: Prompt) -> Payload:
    system = {} if prompt.system is None else {"system": prompt.system}
    messages = [_message("user", prompt.text)]
    return {"model": prompt.model, "max_tokens": _MAX_TOKENS, **system, "messages": messages, "stream": True}


# ---------------------------------------------------------------------------------------------- Gemini


def _gemini_endpoint(base_url: str, model: str) -> str:
    """Accept the server's base URL, as the SDK does, or one that includes the version or a project."""
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
    "chat": API(
        OPENAI_CHAT, "OPENAI_BASE_URL", "", "OPENAI_MODEL", _OPENAI_KEYS, _at("/chat/completions"), _chat_payload
    ),
    "responses": API(
        OPENAI_RESPONSES,
        "OPENAI_BASE_URL",
        "https://api.openai.com/v1",
        "OPENAI_MODEL",
        _OPENAI_KEYS,
        _at("/responses"),
        _responses_payload,
    ),
    "anthropic": API(
        ANTHROPIC_MESSAGES,
        "ANTHROPIC_BASE_URL",
        "https://api.anthropic.com",
        "ANTHROPIC_MODEL",
        (Key("ANTHROPIC_API_KEY", "x-api-key"), Key("ANTHROPIC_AUTH_TOKEN", "authorization", "Bearer ")),
        _messages_endpoint,
        _messages_payload,
        {"anthropic-version": "2023-06-01"},
    ),
    "gemini": API(
        GEMINI_CONTENT,
        "GOOGLE_GEMINI_BASE_URL",
        "https://generativelanguage.googleapis.com",
        "GEMINI_MODEL",
        (Key("GEMINI_API_KEY", "x-goog-api-key"), Key("GOOGLE_API_KEY", "x-goog-api-key")),
        _gemini_endpoint,
        _gemini_payload,
    ),
}
"""The supported APIs, by their `--api` name."""
