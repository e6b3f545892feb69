"""The chat page: its relay over real HTTP, and the page in a real browser, if available."""

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
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware

from sse_stream import iter_sse
from sse_stream.testing import ReplayServer, Reply, Stall

from . import chromium
from .pages import DOCS, blocks

APP = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "chat_page" / "app.py"))

PIECES = ("Zeile eins\n", "  Zeile zwei ", "– 世界\n\n", "<b>kein</b> ", "Markup & ", "Ende 🌾", "\r\nсловом")
TEXT = "".join(PIECES)
ANSWER = Reply.text(*PIECES)
# The model has said its first piece, and is silent from then on.
SILENT = Reply.text(PIECES[0], complete=False, fault=Stall())
FAILING = Reply.text(*PIECES[:2]) + Reply.error("The model is overloaded")

QUESTION = [{"role": "user", "content": "Hallo"}]


def application(url: str) -> AbstractContextManager[str]:
    """The application, served over HTTP; its address."""
    return served(APP["create_app"](APP["Provider"](url, key="none", model="a-model")))


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """An application, served over HTTP; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=2)
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
        with ReplayServer(ANSWER, cut=5) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION) as response:
                events = [(event.event, event.json()) for event in iter_sse(response)]
            (request,) = provider.requests
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
        assert "content-length" not in response.headers
        assert "".join(data["text"] for kind, data in events if kind == "text_delta") == TEXT
        assert [kind for kind, _ in events][-3:] == ["choice_finished", "usage_reported", "stream_done"]
        assert (request.json()["messages"], request.json()["stream"]) == (QUESTION, True)

    def test_text_is_sent_while_the_model_is_silent(self, client: httpx.Client) -> None:
        with ReplayServer(SILENT) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION) as response:
                assert next(iter_sse(response)).json()["text"] == PIECES[0]
            # The client has left, though the model says nothing at which that would be noticed.
            assert provider.wait_for_disconnect(1.0)

    def test_a_request_is_closed_too_if_the_browser_leaves_before_the_first_piece(self, client: httpx.Client) -> None:
        with ReplayServer(ANSWER, fault=Stall(0)) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION):
                wait_for_a_request(provider)
            assert provider.wait_for_disconnect(1.0)

    def test_a_request_is_closed_too_if_the_browser_leaves_before_the_provider_responds(
        self, client: httpx.Client
    ) -> None:
        with ReplayServer(ANSWER, delay=30) as provider, application(provider.chat_url) as address:
            with client.stream("POST", f"{address}chat", json=QUESTION):
                wait_for_a_request(provider)
            assert provider.wait_for_disconnect(1.0)

    def test_a_request_is_closed_too_if_the_browser_has_stopped_reading(self) -> None:
        endless = Reply.text(*["x" * 50_000] * 2_000, complete=False)
        with ReplayServer(endless) as provider, application(provider.chat_url) as address:
            port = int(address.rstrip("/").rpartition(":")[2])
            body = json.dumps(QUESTION).encode()
            with socket.create_connection(("127.0.0.1", port)) as browser:
                head = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                browser.sendall(head % len(body) + body)
                browser.recv(1)
                wait_for_a_request(provider)
            assert provider.wait_for_disconnect(2.0)
            assert provider.abandoned == 1

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (FAILING, "The model is overloaded"),
            (Reply.text(*PIECES[:2], complete=False), "the stream ended early"),
            (Reply.error("no key", status=401), "HTTP 401: no key"),
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


class TestTheGuide:
    """The relay of the how-to guide, which has the same opinion about `StreamingResponse`."""

    @pytest.fixture
    def app(self) -> Callable[[str], FastAPI]:
        relay = next(block for block in blocks(DOCS / "how-to" / "relay.md") if block.language == "python")

        def made(url: str) -> FastAPI:
            payload = {"model": "m", "messages": [], "stream": True}
            namespace: dict[str, Any] = {"url": url, "headers": {}, "payload": payload}
            exec(compile(relay.code, relay.page, "exec", dont_inherit=True), namespace)
            app: FastAPI = namespace["app"]
            return app

        return made

    @pytest.mark.parametrize("behind_middleware", [False, True])
    def test_leaving_ends_the_request_though_the_model_is_silent(
        self, behind_middleware: bool, app: Callable[[str], FastAPI], client: httpx.Client
    ) -> None:
        with ReplayServer(SILENT) as provider:
            made = app(provider.chat_url)
            if behind_middleware:
                made.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
            with served(made) as address:
                with client.stream("POST", f"{address}chat", json={"messages": QUESTION}) as response:
                    assert next(iter_sse(response)).json() == PIECES[0]
                assert provider.wait_for_disconnect(1.0)
                assert provider.abandoned == 1


def wait_for_a_request(provider: ReplayServer) -> None:
    given_up = time.monotonic() + 5
    while not provider.requests and time.monotonic() < given_up:
        time.sleep(0.005)


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
            ReplayServer(ANSWER, pace=0.12) as provider,
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
            assert page.evaluate("document.querySelectorAll('.assistant div *, .error, .waiting').length") == 0

    def test_closing_the_page_ends_the_request_within_a_second(self, asked: Opened) -> None:
        with ReplayServer(SILENT) as provider, application(provider.chat_url) as address, asked(address) as page:
            page.wait_for("seen.length")
            assert provider.abandoned == 0
            page.close()
            assert provider.wait_for_disconnect(1.0)
            assert provider.abandoned == 1

    def test_the_stop_button_ends_the_request_and_keeps_the_text(self, asked: Opened) -> None:
        with ReplayServer(SILENT) as provider, application(provider.chat_url) as address, asked(address) as page:
            page.wait_for("seen.length")
            page.evaluate("document.getElementById('stop').click()")
            assert provider.wait_for_disconnect(1.0)
            page.wait_for("document.querySelector('.ending').textContent === 'stopped'")
            assert page.evaluate("document.querySelector('.assistant').textContent") == PIECES[0]

    def test_an_error_of_the_provider_is_shown_below_what_came(self, asked: Opened) -> None:
        with ReplayServer(FAILING) as provider, application(provider.chat_url) as address, asked(address) as page:
            page.wait_for("document.querySelector('.error')")
            assert "The model is overloaded" in page.evaluate("document.querySelector('.error').innerText")
            assert page.evaluate("document.querySelector('.error').checkVisibility()") is True
            assert page.evaluate("document.querySelector('.assistant').textContent") == PIECES[0] + PIECES[1]

    def test_the_talk_goes_on_from_what_was_said_if_only_by_half(self, asked: Opened) -> None:
        script = [SILENT, FAILING, Reply.error("no key", status=401), Reply.text("Gern.")]
        with (
            ReplayServer(script=script) as provider,
            application(provider.chat_url) as address,
            asked(address) as page,
        ):
            page.wait_for("seen.length")
            page.evaluate("document.getElementById('stop').click()")
            ask(page, "Weiter?")
            ask(page, "Und dann?")
            # There was no answer at all: the question is there to be sent again, and not a part of the talk.
            assert page.evaluate("document.getElementById('prompt').value") == "Und dann?"
            ask(page, "Nochmal?")
            talk = provider.requests[-1].json()["messages"]
        assert [(message["role"], message["content"]) for message in talk] == [
            ("user", "Hallo"),
            ("assistant", PIECES[0]),
            ("user", "Weiter?"),
            ("assistant", PIECES[0] + PIECES[1]),
            ("user", "Nochmal?"),
        ]

    def test_it_greets_and_the_greeting_is_not_sent(self, browser: chromium.Browser) -> None:
        with (
            ReplayServer(ANSWER) as provider,
            application(provider.chat_url) as address,
            browser.page(address) as page,
        ):
            assert page.evaluate("document.getElementById('talk').innerText").startswith("Hello!")
            ask(page, "Hallo")
            assert provider.requests[0].json()["messages"] == QUESTION

    def test_reasoning_is_apart_and_out_of_the_way_once_there_is_an_answer(self, browser: chromium.Browser) -> None:
        thinking = Reply.reasoning("Erst ", "denken.", complete=False, fault=Stall())
        script = [thinking, Reply.reasoning("Erst ", "denken.") + Reply.text("Dann reden.")]
        with (
            ReplayServer(script=script) as provider,
            application(provider.chat_url) as address,
            browser.page(address) as page,
        ):
            send(page, "Hallo")
            page.wait_for("document.querySelector('.reasoning div').innerText === 'Erst denken.'")
            assert page.evaluate("document.querySelector('.reasoning').open") is True
            page.evaluate("document.getElementById('stop').click()")
            ask(page, "Hallo")
            assert page.evaluate("document.querySelectorAll('.reasoning')[1].open") is False
            assert page.evaluate("document.querySelector('.assistant').textContent") == "Dann reden."
            assert provider.requests[-1].json()["messages"] == QUESTION

    @pytest.mark.parametrize(("width", "height"), [(1100, 700), (360, 640)])
    def test_the_newest_text_is_in_view_on_a_desktop_and_on_a_phone(
        self, width: int, height: int, browser: chromium.Browser
    ) -> None:
        long = Reply.text(*["Viele Worte, die eine Zeile füllen, und noch eine. "] * 30, "Ein" + "sehr" * 60, "Wort.")
        with (
            ReplayServer(long) as provider,
            application(provider.chat_url) as address,
            browser.page(address) as page,
        ):
            page.resize(width, height)
            for question in ("Eins?", "Zwei? " * 30, "Drei?"):
                ask(page, question)
            bottom = "[...document.querySelectorAll('.assistant')].at(-1).getBoundingClientRect().bottom"
            form = page.evaluate("document.getElementById('form').getBoundingClientRect().top")
            assert page.evaluate("document.querySelectorAll('.assistant').length") == 3
            assert 0 < page.evaluate(bottom) <= form < height
            # Nothing is wider than the screen, and a finger finds the buttons.
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.getElementById('send').getBoundingClientRect().height") >= 44
            assert page.evaluate("document.getElementById('send').getBoundingClientRect().right") <= width

    def test_a_reader_who_has_scrolled_up_is_left_there(self, browser: chromium.Browser) -> None:
        long = Reply.text(*["Zeile\n"] * 60)
        with (
            ReplayServer(script=[long, Reply.text(*["Zeile\n"] * 60, pace=0.02)]) as provider,
            application(provider.chat_url) as address,
            browser.page(address) as page,
        ):
            page.resize(360, 640)
            ask(page, "Eins?")
            send(page, "Zwei?")
            page.wait_for("document.querySelectorAll('.assistant').length === 2")
            page.evaluate(
                "new Promise((seen) => { addEventListener('scroll', seen, { once: true }); scrollTo(0, 0); })"
            )
            page.wait_for("document.getElementById('stop').hidden")
            assert page.evaluate("scrollY") == 0


def send(page: chromium.Page, question: str) -> None:
    """Send a question by the page's form."""
    page.wait_for("!document.getElementById('send').disabled")
    page.evaluate(f"document.getElementById('prompt').value = {json.dumps(question)}")
    page.evaluate("document.getElementById('form').requestSubmit()")


def ask(page: chromium.Page, question: str) -> None:
    """Send a question, and wait for the end of its answer."""
    send(page, question)
    page.wait_for("document.getElementById('stop').hidden")
