"""A headless Chromium, driven over the DevTools protocol; just enough to test a page."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from websockets.sync.client import ClientConnection, connect

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 20.0  # seconds for whatever the browser does; it is there so that nothing waits for ever

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--remote-debugging-port=0",
)


def command() -> str | None:
    """The browser's command; `None` where it is not installed."""
    return next(filter(None, map(shutil.which, COMMANDS)), None)


class Page:
    """A tab."""

    def __init__(self, browser: Browser, target: str, devtools: ClientConnection) -> None:
        self._browser = browser
        self._target = target
        self._devtools = devtools
        self._numbers = itertools.count(1)
        self._closed = False

    def load(self, address: str) -> None:
        """Go to an address; returns when the page and its scripts are there."""
        self._command("Page.navigate", url=address)
        given_up = time.monotonic() + PATIENCE
        while self._where() != [address, "complete"]:
            if time.monotonic() > given_up:
                raise AssertionError(f"the browser did not load {address}")
            time.sleep(0.01)

    def _where(self) -> Any:  # a JSON value
        """Address and state of the document; `None` while one is being replaced by another."""
        expression = "[location.href, document.readyState]"
        result = self._command("Runtime.evaluate", expression=expression, returnByValue=True)
        return result.get("result", {}).get("value")

    def resize(self, width: int, height: int) -> None:
        """Show the page on a screen of this size, as a phone does where it is narrow."""
        narrow = width < 600
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=narrow
        )

    def evaluate(self, expression: str) -> Any:  # what JavaScript gives
        """The value of an expression, of what it promises if it is a promise."""
        result = self._command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def _command(self, method: str, **parameters: object) -> Any:  # a JSON value
        number = next(self._numbers)
        self._devtools.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (said := json.loads(self._devtools.recv(timeout=PATIENCE))).get("id") != number:
            pass
        return said.get("result", {})

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true; it is asked whenever the page has drawn."""
        self.evaluate(
            f"""new Promise((resolve, reject) => {{
                const given_up = performance.now() + {PATIENCE * 1000};
                (function look() {{
                    let met = false;
                    try {{ met = {condition}; }} catch {{}}
                    if (met) resolve(true);
                    else if (performance.now() > given_up) reject(new Error("it never came to this: " + {condition!r}));
                    else setTimeout(look, 5);
                }})();
            }})"""
        )

    def close(self) -> None:
        """Close the tab, as its user does. Again, it does nothing."""
        if not self._closed:
            self._closed = True
            self._browser.ask("GET", f"/json/close/{self._target}")


class Browser:
    """A running browser."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._open = build_opener(ProxyHandler({})).open

    @contextmanager
    def page(self, address: str) -> Iterator[Page]:
        """A new tab that shows what is at the address; it is closed at the end."""
        target = self.ask("PUT", "/json/new?about:blank")
        with connect(target["webSocketDebuggerUrl"], max_size=None, proxy=None, open_timeout=PATIENCE) as devtools:
            page = Page(self, target["id"], devtools)
            try:
                page.load(address)
                yield page
            finally:
                page.close()

    def ask(self, method: str, path: str) -> Any:  # a JSON value, or text where it is none
        """Ask the browser itself."""
        with self._open(Request(self._address + path, method=method), timeout=PATIENCE) as response:
            said = response.read().decode()
        return json.loads(said) if said.startswith(("{", "[")) else said


@contextmanager
def running(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile."""
    name = command()
    assert name is not None
    arguments = [name, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield Browser(port_in(profile / "DevToolsActivePort", process))
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def port_in(file: Path, process: subprocess.Popen[bytes]) -> int:
    """The port on which the browser listens, which it writes into a file."""
    given_up = time.monotonic() + PATIENCE
    while time.monotonic() < given_up and process.poll() is None:
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.01)
    raise AssertionError("the browser did not start")
