"""Shared by the examples: the provider they send requests to, and the event that reports an error in mid-stream.

The provider is the server at OPENAI_BASE_URL (OPENAI_API_KEY, OPENAI_MODEL). If that is not set, it is a stand-in on this
machine, so that every example runs offline.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sse_stream import ProviderError, ServerSentEvent, SSEStreamError
from sse_stream.testing import ReplayServer


@dataclass(frozen=True)
class Provider:
    """An OpenAI-compatible server, and what a request needs.

    Attributes:
        url: Its endpoint for chat completions.
        key: The API key.
        model: The model.
        stand_in: The server on this machine; `None` for a real provider.
    """

    url: str
    key: str
    model: str
    stand_in: ReplayServer | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def provider_at(base_url: str) -> Provider:
    """The provider at this base URL, with the key and the model from the environment."""
    key, model = os.environ.get("OPENAI_API_KEY", "none"), os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
    return Provider(f"{base_url.rstrip('/')}/chat/completions", key, model)


@contextmanager
def provider_or(stand_in: ReplayServer) -> Iterator[Provider]:
    """The provider from the environment; without one, the stand-in, which runs until the end of the block."""
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        yield provider_at(base_url)
        return
    with stand_in as server:
        yield replace(provider_at(server.base_url), stand_in=server)


def error_event(error: SSEStreamError) -> bytes:
    """The last event of a failed stream, in OpenAI's format. OpenAI clients raise it as an exception."""
    kind = error.type if isinstance(error, ProviderError) else None
    said = {"message": str(error), "type": kind or "server_error", "param": None, "code": None}
    return ServerSentEvent(json.dumps({"error": said})).encode()
