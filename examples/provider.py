"""Shared by the examples: the provider that they ask, and how one reports an error in mid-stream.

It is the server that OPENAI_BASE_URL names (OPENAI_API_KEY, OPENAI_MODEL). Without that variable it is a stand-in on
this machine, so that every example runs offline.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sse_stream import ProviderError, ServerSentEvent, SSEStreamError
from sse_stream.testing import ReplayServer


@dataclass(frozen=True)
class Provider:
    """An OpenAI-compatible server, and what a request to it needs.

    Attributes:
        url: Its endpoint for chat completions.
        key: The API key.
        model: The model to ask for.
        stand_in: The server on this machine; `None` for a real provider.
    """

    url: str
    key: str
    model: str
    stand_in: ReplayServer | None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@contextmanager
def provider_or(stand_in: ReplayServer) -> Iterator[Provider]:
    """The provider that the environment names; where it names none, the stand-in, which is started and stopped."""
    key, model = os.environ.get("OPENAI_API_KEY", "none"), os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
    base_url = os.environ.get("OPENAI_BASE_URL")
    if base_url:
        yield Provider(f"{base_url.rstrip('/')}/chat/completions", key, model, None)
        return
    with stand_in as server:
        yield Provider(server.chat_url, key, model, server)


def error_event(error: SSEStreamError) -> bytes:
    """The event that ends a stream which failed. OpenAI's clients raise what it says."""
    kind = error.type if isinstance(error, ProviderError) else None
    said = {"message": str(error), "type": kind or "server_error", "param": None, "code": None}
    return ServerSentEvent(json.dumps({"error": said})).encode()
