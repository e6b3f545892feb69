"""Compare how fast whole chat streams are read, in one run.

    python -m tests.benchmarks.pipeline [--json FILE] [--rounds N] [--quick] [--each] [--only TEXT]

Every contender gets the same network reads from memory and collects the text of
the first choice; one with a wrong text or number of chunks is shown as "wrong",
and one that raises by its exception. Times are CPU times, medians over rounds
in which the contenders take turns. The first column is `ChatStream`, in
microseconds per event; the others are multiples of it. Compare the ratios: the
absolute figures depend on the machine.

- `AsyncChatStream` reads an async generator, all others a list.
- `create` and `.stream()` are openai's, over a response that its own client
  made of the reads. The stand-in for HTTP costs nothing: the response returns
  its bytes without a layer in between.
- `httpx-sse`, `httpx2` and `anthropic` only frame the events; the rest is a
  typical handwritten loop: `json.loads`, then `choices[0].delta.content`. It
  provides the text only, without types.
- `Node` is eventsource-parser with `JSON.parse` and the same loop, after JIT
  compilation. It cannot measure CPU time, so its fastest round is shown.
- `json.loads` decodes the payloads one after another and discards them; so does
  the `floor`: msgspec's typed decode, or its untyped one if a payload does not
  fit the type.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any, TypeAlias

import msgspec

from sse_stream import AsyncChatStream, ChatCompletion, ChatCompletionChunk, ChatStream, TextDelta

from .chat_workloads import ChatWorkload, recordings, workloads
from .sse import (
    ENOUGH_SECONDS,
    WARM_UP,
    Node,
    Start,
    fresh_memory,
    httpx2_decoder,
    httpx_sse_decoder,
    iterating,
    print_table,
)

OURS = "ChatStream"
NODE = "Node"
PACKAGES = ("openai", "httpx-sse", "httpx2", "anthropic", "litellm", "msgspec")
RECORDINGS = "recordings"
# Rounds of Node to one of the others: enough for one that nothing else on the machine has held up.
NODE_ROUNDS = 10


@dataclass(frozen=True)
class Prepared:
    """A contender that is about to read a workload: all that comes before the first byte is done.

    Attributes:
        read: Reads it all. Given a list for the pieces of the text; returns the number of chunks, where it counts.
        chunks: The number of chunks, of those who count by themselves.
        completion: What it has put together, of those who do.
        gives_text: Whether it has a text to give.
    """

    read: Callable[[list[str]], int | None]
    chunks: Callable[[], int] | None = None
    completion: Callable[[], ChatCompletion] | None = None
    gives_text: bool = True


Contender: TypeAlias = Callable[[ChatWorkload], Prepared]


def chat_stream(workload: ChatWorkload) -> Prepared:
    stream = ChatStream(workload.reads)

    def read(parts: list[str]) -> None:
        with stream:
            for event in stream:
                if isinstance(event, TextDelta) and not event.choice:
                    parts.append(event.text)

    return Prepared(read, lambda: stream.timings.chunks, lambda: stream.completion)


def async_chat_stream(runner: asyncio.Runner) -> Contender:
    loop = runner.get_loop()

    def prepare(workload: ChatWorkload) -> Prepared:
        async def source() -> AsyncIterator[bytes]:
            for read in workload.reads:
                yield read

        stream = AsyncChatStream(source())

        async def read(parts: list[str]) -> None:
            async with stream:
                async for event in stream:
                    if isinstance(event, TextDelta) and not event.choice:
                        parts.append(event.text)

        return Prepared(
            lambda parts: loop.run_until_complete(read(parts)),
            lambda: stream.timings.chunks,
            lambda: stream.completion,
        )

    return prepare


def by_hand(start: Start) -> Contender:
    """Framing by a decoder, the rest as in many a README."""

    def prepare(workload: ChatWorkload) -> Prepared:
        feed, reads = start(workload.reads)
        batches = [feed(read) for read in reads]

        def read(parts: list[str]) -> int:
            count = 0
            for events in batches:
                for event in events:
                    if event.data == "[DONE]":
                        return count
                    chunk = json.loads(event.data)
                    count += 1
                    if chunk["choices"]:
                        content = chunk["choices"][0]["delta"].get("content")
                        if content:
                            parts.append(content)
            return count

        return Prepared(read)

    return prepare


def anthropic_decoder() -> Start:
    # The decoder under the SDK's streams, alone: its models are those of another wire format.
    framing = importlib.import_module("anthropic._streaming").SSEDecoder
    return iterating(lambda pieces: framing().iter_bytes(iter(pieces)))


class OpenAI:
    """The official SDK's client, whose requests are answered with a workload's reads."""

    def __init__(self, stack: ExitStack) -> None:
        openai = importlib.import_module("openai")
        # The SDK uses httpx2 where it knows it, and httpx before.
        http = importlib.import_module(
            "httpx2" if "httpx2" in vars(importlib.import_module("openai._client")) else "httpx"
        )
        reads = self.reads = list[bytes]()

        class Response(http.Response):  # type: ignore[misc, name-defined]  # one class for both clients
            """A response whose bytes come without the layers in between: the least that the SDK can be given."""

            def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
                return iter(reads)

        class Transport(http.BaseTransport):  # type: ignore[misc, name-defined]  # one class for both clients
            def handle_request(self, request: Any) -> Any:
                return Response(200, headers={"content-type": "text/event-stream"}, stream=http.ByteStream(b""))

        self.client = openai.OpenAI(
            api_key="none", base_url="http://localhost/v1", http_client=http.Client(transport=Transport())
        )
        stack.callback(self.client.close)

    def answer_with(self, workload: ChatWorkload) -> dict[str, Any]:
        """What a request takes, and the reads that it will be answered with."""
        self.reads[:] = workload.reads
        return {"model": "example", "messages": [{"role": "user", "content": "Go on."}]}

    def create(self, workload: ChatWorkload) -> Prepared:
        stream = self.client.chat.completions.create(**self.answer_with(workload), stream=True)
        return Prepared(lambda parts: collected(stream, parts))

    def stream(self, workload: ChatWorkload) -> Prepared:
        manager = self.client.chat.completions.stream(**self.answer_with(workload))
        events = manager.__enter__()

        def read(parts: list[str]) -> int:
            count = 0
            with manager:
                for event in events:
                    if event.type == "chunk":
                        count += 1
                    elif event.type == "content.delta":
                        parts.append(event.delta)
            return count

        return Prepared(read)

    def litellm(self, workload: ChatWorkload) -> Prepared:
        # Without it, importing asks the internet for prices.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        completion = importlib.import_module("litellm").completion
        request = {**self.answer_with(workload), "model": "openai/example", "client": self.client}
        stream = completion(**request, stream=True)
        return Prepared(lambda parts: collected(stream, parts) - 1)  # the last chunk is its own


def collected(chunks: Iterable[Any], parts: list[str]) -> int:
    """The loop that the SDK's README has."""
    count = 0
    for chunk in chunks:
        count += 1
        if chunk.choices:
            content = chunk.choices[0].delta.content
            if content:
                parts.append(content)
    return count


def bare_json(workload: ChatWorkload) -> Prepared:
    def read(_: list[str]) -> int:
        for payload in workload.payloads:
            json.loads(payload)
        return len(workload.payloads)

    return Prepared(read, gives_text=False)


def floor(workload: ChatWorkload) -> Prepared:
    typed = msgspec.json.Decoder(ChatCompletionChunk).decode
    untyped = msgspec.json.Decoder().decode

    def decoder_for(payload: str) -> Callable[[str], object]:
        try:
            typed(payload)
        except msgspec.ValidationError:
            return untyped
        return typed

    work = [(decoder_for(payload), payload) for payload in workload.payloads if _is_json(payload)]

    def read(_: list[str]) -> int:
        for decode, payload in work:
            decode(payload)
        return len(workload.payloads)

    return Prepared(read, gives_text=False)


def _is_json(payload: str) -> bool:
    try:
        msgspec.json.decode(payload)
    except msgspec.DecodeError:
        return False
    return True


def contenders(stack: ExitStack) -> dict[str, Contender | None]:
    """All of them in the order of the columns, `None` for one that is not installed.

    Args:
        stack: Closed when they are no longer needed.
    """

    def installed(name: str) -> bool:
        return importlib.util.find_spec(name) is not None

    openai = OpenAI(stack) if installed("openai") else None
    return {
        OURS: chat_stream,
        "AsyncChatStream": async_chat_stream(stack.enter_context(asyncio.Runner())),
        "create": openai.create if openai else None,
        ".stream()": openai.stream if openai else None,
        "httpx-sse": by_hand(httpx_sse_decoder()) if installed("httpx_sse") else None,
        "httpx2": by_hand(httpx2_decoder()) if installed("httpx2") else None,
        "anthropic": by_hand(anthropic_decoder()) if installed("anthropic") else None,
        "litellm": openai.litellm if openai and installed("litellm") else None,
        "json.loads": bare_json,
        "floor": floor,
    }


def wrong(workload: ChatWorkload, prepared: Prepared, parts: list[str], count: int | None) -> bool:
    """Whether a contender has read anything but what the stream says."""
    if prepared.gives_text and "".join(parts) != workload.text:
        return True
    if workload.recorded:
        return False  # what counts as a chunk is a matter of opinion there
    if count != len(workload.payloads):
        return True
    if prepared.completion is None:
        return False
    completion = prepared.completion()
    message = completion.choices[0].message
    logprobs = completion.choices[0].logprobs
    usage = completion.usage
    return (
        message.content or "",
        message.reasoning or "",
        tuple(call.arguments for call in message.tool_calls),
        0 if logprobs is None or logprobs.content is None else len(logprobs.content),
        None if usage is None else usage.total_tokens,
    ) != (workload.text, workload.reasoning, workload.arguments, workload.tokens, workload.total_tokens)


def timed(contender: Contender, workload: ChatWorkload) -> float | str:
    """The CPU seconds of one run, or what was wrong with it."""
    parts: list[str] = []
    count = None
    try:
        prepared = contender(workload)
        gc.disable()
        begin = thread_time()
        try:
            count = prepared.read(parts)
        except Exception:
            if workload.complete:
                raise
        seconds = thread_time() - begin
        if prepared.chunks is not None:
            count = prepared.chunks()
        return "wrong" if wrong(workload, prepared, parts, count) else seconds
    except Exception as error:  # whatever a peer raises, its cell says so and the others go on
        return type(error).__name__
    finally:
        gc.enable()


def measured(
    among: dict[str, Contender | None], group: list[ChatWorkload], rounds: int
) -> list[dict[str, float | str]]:
    """For each workload the median of each contender's times, or why there is none.

    A contender's turn is the whole group: what is short is read by who has just read its like.
    """
    times: dict[str, list[list[float]]] = {name: [[] for _ in group] for name in among}
    reasons: dict[str, dict[int, str]] = {name: {} for name in among}
    for _ in range(rounds):
        for name, contender in among.items():
            fresh_memory()
            for number, workload in enumerate(group):
                own = times[name][number]
                if contender is None:
                    reasons[name][number] = "absent"
                elif number not in reasons[name] and not (own and own[0] > ENOUGH_SECONDS):
                    seconds = timed(contender, workload)
                    if isinstance(seconds, str):
                        reasons[name][number] = seconds
                    else:
                        own.append(seconds)
    return [
        {name: reasons[name].get(number) or median(times[name][number]) for name in among}
        for number in range(len(group))
    ]


class NodePipeline(Node):
    """eventsource-parser and `JSON.parse`, in a process of its own."""

    def versions(self) -> dict[str, str]:
        """What runs there."""
        if self.missing or self.node is None:
            return {"node": self.missing}
        package = self.folder / "node_modules" / "eventsource-parser" / "package.json"
        node = subprocess.run([self.node, "--version"], capture_output=True, check=True, text=True).stdout.strip()
        return {"node": node, "eventsource-parser": str(json.loads(package.read_text(encoding="utf-8"))["version"])}

    def measured(self, group: list[ChatWorkload], rounds: int) -> list[float | str]:
        """The shortest of each workload's times, or why there is none."""
        if self.missing or self.node is None:
            return [self.missing] * len(group)
        work = []
        for number, workload in enumerate(group):
            body = self.folder / f"body-{number}"
            body.write_bytes(b"".join(workload.reads))
            work.append(
                {
                    "body": str(body),
                    "reads": [len(read) for read in workload.reads],
                    "text": workload.text,
                    "chunks": None if workload.recorded else len(workload.payloads),
                    "complete": workload.complete,
                }
            )
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps({"rounds": WARM_UP + NODE_ROUNDS * rounds, "workloads": work}), encoding="utf-8")
        script = Path(__file__).with_suffix(".mjs")
        run = subprocess.run(
            [self.node, str(script), str(self.folder), str(plan)], capture_output=True, check=False, text=True
        )
        if run.returncode:
            return ["failed"] * len(group)
        found: list[list[float] | str] = json.loads(run.stdout)
        return [seconds if isinstance(seconds, str) else min(seconds[WARM_UP:]) for seconds in found]


@dataclass(frozen=True)
class Row:
    """One workload's results.

    Attributes:
        name: The workload.
        microseconds: Of `ChatStream`, an event; or what was wrong with it.
        ratios: How many times as long the others take; or why that is not known.
        failed: How many of the streams a contender did not read right, where it read some of them so.
    """

    name: str
    microseconds: float | str
    ratios: dict[str, float | str]
    failed: dict[str, int] = field(default_factory=dict)

    def cells(self, columns: Iterable[str]) -> list[str]:
        first = self.microseconds if isinstance(self.microseconds, str) else f"{self.microseconds:.2f} µs"
        if OURS in self.failed:
            first += f" ({self.failed[OURS]} wrong)"
        return [self.name, first, *(self._cell(column) for column in columns if column != OURS)]

    def _cell(self, column: str) -> str:
        ratio = self.ratios.get(column, "–")
        if isinstance(ratio, str):
            return ratio
        return f"{ratio:.2f}×" + (f" ({self.failed[column]} wrong)" if self.failed.get(column) else "")


def row(name: str, group: list[ChatWorkload], results: list[dict[str, float | str]]) -> Row:
    """The results of a group of workloads as one: each contender over those that it reads right."""
    ratios: dict[str, float | str] = {}
    failed: dict[str, int] = {}
    own = [result[OURS] for result in results]
    right = [seconds for seconds in own if not isinstance(seconds, str)]
    events = sum(len(w.payloads) for w, seconds in zip(group, own, strict=True) if not isinstance(seconds, str))
    for contender in results[0]:
        pairs = [
            (found, ours)
            for result, ours in zip(results, own, strict=True)
            if not isinstance(found := result[contender], str) and not isinstance(ours, str)
        ]
        if len(pairs) < len(group) and pairs:
            failed[contender] = len(group) - len(pairs)
        if pairs:
            ratios[contender] = sum(found for found, _ in pairs) / sum(ours for _, ours in pairs)
        else:
            reason = results[0][contender]
            ratios[contender] = reason if isinstance(reason, str) else "–"
    return Row(name, sum(right) / events * 1e6 if events else str(own[0]), ratios, failed)


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    Attributes:
        what: In words.
        bound: The figure to reach.
        found: The figure reached; `None` where it could not be measured.
        at_least: Whether more is better.
    """

    what: str
    bound: float
    found: float | None
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        if self.found is None:
            return None
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    def cells(self) -> list[str]:
        found = "not measured" if self.found is None else f"{self.found:.2f}"
        verdict = {True: "met", False: "MISSED", None: "–"}[self.met]
        return [self.what, f"{'≥' if self.at_least else '≤'} {self.bound:g}", found, verdict]


def goals(rows: dict[str, Row]) -> list[Goal]:
    """What the design promises, and what this run says about it."""

    def ratio(workload: str, *names: str) -> float | None:
        """The smallest of some contenders' ratios."""
        found = [rows[workload].ratios.get(name) for name in names] if workload in rows else []
        known = [value for value in found if isinstance(value, float)]
        return min(known) if known and len(known) == len(found) else None

    def ours_over(name: str) -> float | None:
        known = ratio("plain text", name)
        return None if known is None else 1 / known

    tolerant = [ratio(name, "create") for name in ("OpenRouter's extra fields", "Azure's extra fields")]
    slowest = min((value for value in tolerant if value is not None), default=None)
    return [
        Goal("plain text: openai create takes so many times as long", 40, ratio("plain text", "create")),
        Goal("plain text: openai .stream() takes so many times as long", 70, ratio("plain text", ".stream()")),
        Goal("plain text: httpx-sse or httpx2 with json.loads", 3, ratio("plain text", "httpx-sse", "httpx2")),
        Goal("plain text: ours takes so many times a bare json.loads", 0.6, ours_over("json.loads"), at_least=False),
        Goal("plain text: ours takes so many times the floor", 2.5, ours_over("floor"), at_least=False),
        Goal("plain text: eventsource-parser with JSON.parse under Node", 1, ratio("plain text", NODE)),
        Goal("extra fields in each chunk: openai create takes so many times as long", 10, slowest),
        Goal("recordings: openai create takes so many times as long", 25, ratio(RECORDINGS, "create")),
    ]


def versions(node: NodePipeline) -> dict[str, str]:
    """What was measured against."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found | node.versions()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.pipeline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument("--quick", action="store_true", help="use a tenth of each workload")
    parser.add_argument("--each", action="store_true", help="also show a row for each recording")
    parser.add_argument("--only", default="", metavar="TEXT", help="only workloads with TEXT in their name")
    options = parser.parse_args(arguments)
    rounds = max(1, options.rounds)

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        node = NodePipeline(Path(folder))
        among = contenders(stack)
        columns = [*list(among)[:-2], NODE, *list(among)[-2:]]
        warnings.simplefilter("ignore")  # what a peer warns of is not what is measured
        gc.freeze()  # so that collecting before each run looks at the run before it, not at all modules
        groups = [(workload.name, [workload]) for workload in workloads(0.1 if options.quick else 1)]
        if recorded := recordings():
            groups.append((RECORDINGS, recorded))
        rows: dict[str, Row] = {}
        for name, group in groups:
            if options.only not in name:
                continue
            print(f"… {name}", file=sys.stderr, flush=True)
            results = measured(among, group, rounds)
            for result, seconds in zip(results, node.measured(group, rounds), strict=True):
                result[NODE] = seconds
            rows[name] = row(name, group, results)
            if options.each and len(group) > 1:
                rows |= {each.name: row(each.name, [each], [found]) for each, found in zip(group, results, strict=True)}
        against = versions(node)

    print_table([["", *columns], *(found.cells(columns) for found in rows.values())])
    print()
    print_table([["goal", "", "measured", ""], *(goal.cells() for goal in goals(rows))])
    print("\n" + ", ".join(f"{name} {number}" for name, number in against.items()))
    if options.json is not None:
        said = {
            "versions": against,
            "rounds": rounds,
            "workloads": [asdict(found) for found in rows.values()],
            "goals": [{**asdict(goal), "met": goal.met} for goal in goals(rows)],
        }
        options.json.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
