"""The chat page: its relay over real HTTP, and the page in a real browser where there is one."""

from __future__ import annotations

import json
import runpy
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import uvicorn

from sse_stream import ServerSentEvent, iter_sse
from sse_stream.testing import EndAt, ReplayServer, Reply, Stall

from . import chromium

APP = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "chat_page" / "app.py"))

PIECES = ("Zeile eins\n", "  Zeile zwei ", "– 世界\n\n", "<b>kein</b> ", "Markup & ", "Ende 🌾", "\r\nсловом")
TEXT = "".join(PIECES)
DONE = [b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n', b"data: [DONE]\n\n"]
ERROR = b'data: {"error":{"message":"The model is overloaded"}}\n\n'

QUESTION = [{"role": "user", "content": "Hallo"}]


def chunk(text: str) -> bytes:
    return ServerSentEvent(json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]})).encode()


BODY = [chunk(piece) for piece in PIECES]


@contextmanager
def application(url: str) -> Iterator[str]:
    """The application, served over HTTP; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(APP["create_app"](url), log_level="error", ws="none", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


class TestRelay:
    def test_each_event_comes_as_json_with_its_newlines(self, client: httpx.Client) -> None:
        with ReplayServer(BODY + DONE, cut=5) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION) as response:
                events = [(event.event, event.json()) for event in iter_sse(response)]
            (request,) = provider.requests
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
        assert "content-length" not in response.headers
        assert "".join(data["text"] for kind, data in events if kind == "text_delta") == TEXT
        assert [kind for kind, _ in events][-2:] == ["choice_finished", "stream_done"]
        assert (request.json()["messages"], request.json()["stream"]) == (QUESTION, True)

    def test_text_is_sent_while_the_model_is_silent(self, client: httpx.Client) -> None:
        fault = Stall(len(BODY[0]))
        with ReplayServer(BODY, fault=fault) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION) as response:
                assert next(iter_sse(response)).json()["text"] == PIECES[0]
            # The client has left, though the model says nothing at which that would be noticed.
            assert provider.wait_for_disconnect(1.0)

    def test_a_request_is_closed_too_if_the_browser_leaves_before_the_first_piece(self, client: httpx.Client) -> None:
        with ReplayServer(BODY, fault=Stall(0)) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION):
                given_up = time.monotonic() + 5
                while not provider.requests and time.monotonic() < given_up:
                    time.sleep(0.005)
            assert provider.wait_for_disconnect(1.0)

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (Reply([*BODY[:2], ERROR]), "The model is overloaded"),
            (Reply(BODY, fault=EndAt(len(BODY[0] + BODY[1]))), "the stream ended before it was done"),
            (Reply(b'{"error":{"message":"no key"}}', status=401), "HTTP 401: no key"),
        ],
    )
    def test_whatever_goes_wrong_is_the_last_event_after_the_text(
        self, reply: Reply, said: str, client: httpx.Client
    ) -> None:
        with ReplayServer(script=[reply]) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION) as response:
                events = list(iter_sse(response))
        assert events[-1].event == "error"
        assert said in events[-1].json()["message"]
        text = "".join(event.json()["text"] for event in events if event.event == "text_delta")
        assert text == ("" if reply.status == 401 else PIECES[0] + PIECES[1])

    def test_a_provider_that_is_not_there_is_an_error_event(self, client: httpx.Client) -> None:
        with ReplayServer() as provider:
            gone = provider.chat_url
        with application(gone) as address, client.stream("POST", f"{address}chat", json=QUESTION) as response:
            assert [event.event for event in iter_sse(response)] == ["error"]


Opened = Callable[[str], AbstractContextManager[chromium.Page]]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Browser]:
    with chromium.running(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.skipif(chromium.command() is None, reason="Chromium is not installed: the page is not tried in a browser")
class TestInABrowser:
    @pytest.fixture
    def asked(self, browser: chromium.Browser) -> Opened:
        """Opens the page and asks something; the page notes each text that the answer has in the meantime."""

        @contextmanager
        def asked(address: str) -> Iterator[chromium.Page]:
            with browser.page(address) as page:
                page.evaluate(
                    """
                    window.seen = [];
                    new MutationObserver(() => {
                        const answer = document.querySelector(".assistant");
                        if (answer && seen.at(-1) !== answer.textContent) seen.push(answer.textContent);
                    }).observe(document.body, { subtree: true, childList: true, characterData: true });
                    document.getElementById("prompt").value = "Hallo";
                    document.getElementById("form").requestSubmit();
                    """
                )
                yield page

        return asked

    def test_tokens_appear_one_after_another_and_intact(self, asked: Opened) -> None:
        with (
            ReplayServer(BODY + DONE, pace=0.12) as provider,
            application(provider.chat_url) as address,
            asked(address) as page,
        ):
            page.wait_for("document.getElementById('stop').hidden && seen.length")
            seen = page.evaluate("seen")
            assert len(seen) >= 4
            assert all(after.startswith(before) for before, after in pairwise(seen))
            assert seen[-1] == TEXT
            # What is drawn has the same lines, and no markup of the model's.
            drawn = page.evaluate("document.querySelector('.assistant').innerText")
            assert drawn.splitlines() == TEXT.splitlines()
            assert page.evaluate("document.querySelectorAll('.assistant *, .error').length") == 0

    def test_closing_the_page_ends_the_request_within_a_second(self, asked: Opened) -> None:
        with (
            ReplayServer(BODY, fault=Stall(len(BODY[0]))) as provider,
            application(provider.chat_url) as address,
            asked(address) as page,
        ):
            page.wait_for("seen.length")
            assert provider.abandoned == 0
            page.close()
            assert provider.wait_for_disconnect(1.0)
            assert provider.abandoned == 1

    def test_the_stop_button_ends_the_request_and_keeps_the_text(self, asked: Opened) -> None:
        with (
            ReplayServer(BODY, fault=Stall(len(BODY[0]))) as provider,
            application(provider.chat_url) as address,
            asked(address) as page,
        ):
            page.wait_for("seen.length")
            page.evaluate("document.getElementById('stop').click()")
            assert provider.wait_for_disconnect(1.0)
            page.wait_for("document.querySelector('.ending').textContent === 'stopped'")
            assert page.evaluate("document.querySelector('.assistant').textContent") == PIECES[0]

    def test_an_error_of_the_provider_is_shown_below_what_came(self, asked: Opened) -> None:
        with (
            ReplayServer([*BODY[:2], ERROR]) as provider,
            application(provider.chat_url) as address,
            asked(address) as page,
        ):
            page.wait_for("document.querySelector('.error')")
            assert "The model is overloaded" in page.evaluate("document.querySelector('.error').innerText")
            assert page.evaluate("document.querySelector('.error').checkVisibility()") is True
            assert page.evaluate("document.querySelector('.assistant').textContent") == PIECES[0] + PIECES[1]
