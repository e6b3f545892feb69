"""The documentation is correct: its code runs, its names exist, and its links resolve."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import importlib.util
import inspect
import io
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Self, get_args
from urllib.parse import unquote

import pytest

import sse_stream
from sse_stream import AnomalyKind, ChatStream, Ending, Limits, Timeouts
from sse_stream._chat._anomalies import level_of
from sse_stream.dialects._formats import READERS, TITLES

from .. import peers
from ..reference_tables import REFERENCE, current_pages, documented, public_names
from .answers import SERVERS
from .pages import DOCS, ROOT, Block, blocks, name_of, pages, prose

# What the blocks of a page begin with, besides `url` and `base_url`.
PAYLOAD = {
    "model": "replay-1",
    "messages": [{"role": "user", "content": "Which city is the capital of France?"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}
HEADERS = {"Authorization": "Bearer secret"}

# What stands in a block that is not run, and must say why.
SHOWN = ("fragment", "shell", "shows")

# A program of its own finds the package where these tests have found it.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(sse_stream.__file__).parents[1]),
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
}

# Pages whose code another test runs, in a way of its own.
RUN_ELSEWHERE = {"docs/testing.md": "tests/testing/test_docs_examples.py"}

every_page = pytest.mark.parametrize("page", pages(), ids=name_of)


# ------------------------------------------------------------------------------------------ the code runs


class Session:
    """The code blocks of one page, run in order in one namespace, as a reader would."""

    def __init__(self, folder: Path) -> None:
        self._namespace: dict[str, Any] = {"__name__": "__main__", "headers": dict(HEADERS)}
        self._folder = folder
        self._servers = contextlib.ExitStack()
        self.printed = ""

    def __enter__(self) -> Self:
        self.connect("answer")
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def connect(self, name: str) -> None:
        """From here on, `url` and `base_url` are those of the server of that name."""
        self._servers.close()
        server = SERVERS[name]()
        self._servers.enter_context(server)
        self._reach(server.base_url)

    def serve(self, block: Block) -> None:
        """Run the block as a program of its own, whose first line tells its base URL."""
        program = self._folder / block.markers["serves"]
        program.write_text(block.code, encoding="utf-8")
        self._servers.close()
        process = self._servers.enter_context(
            subprocess.Popen(
                [sys.executable, "-u", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=ENVIRONMENT,
            )
        )
        self._servers.callback(process.kill)
        assert process.stdout is not None
        first_line = process.stdout.readline()
        self._reach(first_line.strip().partition("=")[2])

    def _reach(self, base_url: str) -> None:
        os.environ["OPENAI_BASE_URL"] = base_url
        self._namespace.update(
            url=f"{base_url}/chat/completions", base_url=base_url, payload=json.loads(json.dumps(PAYLOAD))
        )

    def run(self, block: Block) -> None:
        """Run one block; what it prints is kept."""
        # The lines before it are empty, so that a traceback names the line of the page.
        source = "\n" * block.line + block.code
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, block.page, "exec", dont_inherit=True), self._namespace)
        before, self.printed = self.printed, printed.getvalue()
        if "same" in block.markers:
            assert visible(self.printed) == visible(before), f"{block.place} prints something else than the block above"

    def type(self, block: Block) -> None:
        """Run what stands behind the prompts, and compare the rest with what it prints."""
        commands = "\n".join(line[2:] for line in block.code.splitlines() if line.startswith("$ "))
        shown = "".join(line for line in block.code.splitlines(keepends=True) if not line.startswith("$ "))
        run = subprocess.run(
            ["bash", "-c", commands],
            cwd=self._folder,
            env={**ENVIRONMENT, "OPENAI_BASE_URL": os.environ["OPENAI_BASE_URL"], "OPENAI_API_KEY": "secret"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=30,
        )
        assert visible(run.stdout.decode()) == visible(shown), (
            f"{block.place} shows another output than its commands have"
        )


@every_page
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = blocks(page)
    elsewhere = RUN_ELSEWHERE.get(name_of(page))
    if elsewhere is not None and (ROOT / elsewhere).exists():
        pytest.skip(f"{elsewhere} runs it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    with Session(tmp_path) as session:
        for block in found:
            if "server" in block.markers:
                session.connect(block.markers["server"])
            if "serves" in block.markers:
                session.serve(block)
            elif block.language == "python" and "fragment" not in block.markers:
                session.run(block)
            elif block.language == "pycon":
                run_doctest(block)
            elif block.language == "console" and "shell" not in block.markers:
                session.type(block)
            elif "output" in block.markers:
                assert visible(session.printed) == visible(block.code), (
                    f"{block.place} shows another output than the block above it has"
                )


def visible(text: str) -> list[str]:
    """The lines of an output, without the spaces at their ends that no reader sees and no editor keeps."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def run_doctest(block: Block) -> None:
    example = doctest.DocTestParser().get_doctest(block.code, {}, block.page, block.page, block.line)
    report = io.StringIO()
    assert not doctest.DocTestRunner().run(example, out=report.write).failed, report.getvalue()


@every_page
def test_what_does_not_run_says_why(page: Path) -> None:
    for block in blocks(page):
        known = {*SHOWN, "output", "same", "server", "serves", "untyped"}
        assert block.markers.keys() <= known, f"{block.place} has a marker that means nothing: {block.markers}"
        reasons = [block.markers[name] for name in SHOWN if name in block.markers]
        assert all(reasons), f"{block.place} is not run, and does not say why"
        runs = block.language in ("python", "pycon", "console") and not block.markers.keys() & {"fragment", "shell"}
        checked = runs or "output" in block.markers
        assert checked != bool(reasons), f"{block.place} has to run, to be an output, or to say why it does neither"
        if block.language == "python":
            compile("\n" * block.line + block.code, block.page, "exec", dont_inherit=True, flags=0x2000)


# What is read without scrolling sideways, in a column of text and on half a screen.
CODE_WIDTH = 80


@pytest.mark.parametrize("page", [*pages(), ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_code_fits_its_column(page: Path) -> None:
    if not page.exists():
        pytest.skip("the tests run apart from the repository")
    code = [block for block in blocks(page) if block.language in ("python", "pycon", "bash")]
    wide = [
        f"{block.page}:{number}"
        for block in code
        for number, line in enumerate(block.code.splitlines(), start=block.line + 1)
        # The commands that set everything up are one line each.
        if len(line) > CODE_WIDTH and not line.startswith("python3")
    ]
    assert not wide


# --------------------------------------------------------------------------------------- figures, links

# A measured time, rate or ratio, and a count of passed cases.
FIGURE = re.compile(r"\d ?(?:µs|ns|ms|×|MB/s|MiB/s)(?!\w)|\d times (?:as|faster|slower)|\b\d+ ?/ ?\d+\b")
COMMAND = re.compile(r"python -m ([\w.]+)")


def sections(page: Path) -> Iterator[str]:
    return (section for section in re.split(r"^## ", prose(page), flags=re.MULTILINE))


@every_page
def test_figures_name_the_command_that_makes_them(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for section in sections(page):
        figure = FIGURE.search(section)
        if figure is None:
            continue
        title = section.splitlines()[0]
        commands = COMMAND.findall(section)
        if not commands:  # it may stand in a block of the section
            whole = text.partition(f"## {title}")[2].partition("\n## ")[0]
            commands = COMMAND.findall(whole)
        assert commands, f"{name_of(page)}, {title!r}: {figure[0]!r} names no command that makes it"
        for module in commands:
            assert importlib.util.find_spec(module), f"{name_of(page)}: there is no {module}"


LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page: its headings as repositories and MkDocs spell them, and the names it documents."""
    text = re.sub(r"^ *(```+).*?^ *\1$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    slugs = (re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings)
    return {*slugs, *documented(text)}


@pytest.mark.parametrize("page", [*pages(), ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    if not page.exists():
        pytest.skip("the tests run apart from the repository")
    for match in LINK.finditer(prose(page)):
        target, _, anchor = unquote(match["target"]).partition("#")
        if target.startswith(("http://", "https://")):
            continue
        goal = (page.parent / target).resolve() if target else page
        if not goal.is_relative_to(DOCS) and not (ROOT / "mkdocs.yml").exists():
            continue  # the tests run apart from the repository
        assert goal.exists(), f"{name_of(page)} links to {match['target']}, which is nowhere"
        assert not anchor or anchor in anchors(goal), f"{name_of(page)} links to {match['target']}: no such heading"


# ---------------------------------------------------------------------------------------- the reference


def test_reference_documents_each_public_name_once() -> None:
    names = [name for page in REFERENCE.glob("*.md") for name in documented(page.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted(public_names())


def test_reference_tables_are_current() -> None:
    stale = [page.name for page, text in current_pages().items() if page.read_text(encoding="utf-8") != text]
    assert not stale, "run `python -m tests.reference_tables`"


def test_reference_lists_each_option_with_its_default() -> None:
    page = (REFERENCE / "options.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, re.MULTILINE))
    parameters = (
        found for value in (ChatStream, Limits, Timeouts) for found in inspect.signature(value).parameters.items()
    )
    defaults = {name: option.default for name, option in parameters if option.kind is option.KEYWORD_ONLY}
    assert {name: eval(default, {"Limits": Limits}) for name, default in stated.items()} == defaults


def test_reference_has_each_option_of_the_command_line() -> None:
    page = (REFERENCE / "command-line.md").read_text(encoding="utf-8")
    for command in ([], ["demo"], ["read"], ["chat"], ["check"], ["serve"]):
        shown = subprocess.run(
            [sys.executable, "-m", "sse_stream", *command, "--help"],
            env=ENVIRONMENT | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
        )
        options = re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown.stdout, re.MULTILINE)
        assert [option for option in options if option != "--help" and f"`{option}" not in page] == []


def resolved(path: str) -> Any:
    package, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(package), name)


def callables() -> list[tuple[str, Callable[..., object]]]:
    """The public functions, classes and methods, with their paths."""
    found: list[tuple[str, Callable[..., object]]] = []
    for path in public_names():
        value = resolved(path)
        if inspect.isfunction(value):
            found.append((path, value))
        elif inspect.isclass(value) and value is not Any:
            found.append((path, value))
            members = ((name, getattr(value, name)) for name in dir(value) if not name.startswith("_"))
            found += [
                (f"{path}.{name}", member)
                for name, member in members
                if not isinstance(member, cached_property) and inspect.isroutine(member) and of_ours(member)
            ]
    return found


def of_ours(member: object) -> bool:
    return getattr(member, "__module__", "").startswith("sse_stream")


@pytest.mark.parametrize(("path", "value"), callables(), ids=[path for path, _ in callables()])
def test_docstrings_name_every_parameter(path: str, value: Callable[..., object]) -> None:
    documentation = inspect.getdoc(value)
    assert documentation, f"{path} has no docstring"
    if path.startswith(("sse_stream.dialects.Dialect", "sse_stream.JSONAdapter")):
        return  # a protocol's docstrings say what is wanted, not what is given
    try:
        parameters = inspect.signature(value).parameters
    except ValueError:  # a class that only Python itself can construct
        return
    # The message is what the exception says.
    said_by_itself = {"self", "message"} if inspect.isclass(value) and issubclass(value, Exception) else {"self"}
    for name in parameters:
        if name not in said_by_itself and not name.startswith("_"):
            assert re.search(rf"\b{name}\b", documentation), f"{path} does not say what {name} is"


# Their examples let Hypothesis search and shrink for many seconds; the tests of the strategies do that within bounds.
SEARCHING = ("sse_stream.testing._chat_strategies", "sse_stream.testing._event_strategies")


def modules() -> list[str]:
    found = pkgutil.walk_packages(sse_stream.__path__, "sse_stream.")
    return [module.name for module in found if module.name not in (*SEARCHING, "sse_stream.__main__")]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * name.endswith("_strategies")) for name in modules()]
)
def test_examples_in_docstrings_hold(name: str) -> None:
    report = io.StringIO()
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(importlib.import_module(name)):
        runner.run(example, out=report.write)
    assert not runner.failures, report.getvalue()


@pytest.mark.parametrize(
    ("alias", "path"), [(AnomalyKind, "sse_stream._chat._anomalies"), (Ending, "sse_stream._chat._endings")]
)
def test_docstrings_say_what_each_literal_means(alias: object, path: str) -> None:
    source = inspect.getsource(importlib.import_module(path))
    assert re.findall(r"^- `(\w+)`: \S", source, re.MULTILINE) == list(get_args(alias))


def test_the_table_of_what_servers_send_has_each_kind_of_anomaly_with_its_level() -> None:
    page = (DOCS / "explanation" / "standard.md").read_text(encoding="utf-8")
    table = page.partition("| on the wire | read as | anomaly |\n")[2].partition("\n\n")[0]
    told = [cell for row in table.splitlines() for cell in re.findall(r"`(\w+)`( \(note\))?", row.rsplit("|", 2)[1])]
    assert dict(told) == {kind: " (note)" if level_of(kind) == "note" else "" for kind in get_args(AnomalyKind)}


def test_the_page_of_formats_that_are_not_read_has_each_of_them() -> None:
    page = (DOCS / "formats" / "not-read.md").read_text(encoding="utf-8")
    rows = page.partition("|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    names = {
        "cohere_chat": "Cohere Chat v2, and v1",
        "google_interactions": "Google Interactions",
        "mistral_conversations": "Mistral Conversations",
        "openai_assistants": "OpenAI Assistants",
        "anthropic_completions": "Anthropic text completions",
        "tgi_generate": "text-generation-inference `generate_stream`",
    }
    assert names.keys() == TITLES.keys() - READERS.keys()
    assert [row.split("|")[1].strip() for row in rows] == list(names.values())


def test_the_page_about_debugging_says_which_kinds_are_notes() -> None:
    page = (DOCS / "how-to" / "debugging.md").read_text(encoding="utf-8")
    (notes,) = re.findall(r"^\| `note` \|[^|]*\|(.*)\|$", page, re.MULTILINE)
    assert re.findall(r"`(\w+)`", notes) == [kind for kind in get_args(AnomalyKind) if level_of(kind) == "note"]


# ------------------------------------------------------------------------------ what else could go stale


def test_every_file_of_the_library_is_on_the_page_for_contributors() -> None:
    page = (DOCS / "contributing" / "index.md").read_text(encoding="utf-8")
    package = Path(sse_stream.__file__).parent
    files = (path.relative_to(package).as_posix() for path in package.rglob("*.py"))
    missing = [file for file in files if f"`{file}`" not in page and not file.endswith("__init__.py")]
    assert not missing
    for named in re.findall(r"`(tests/[\w/.]+)`", page):
        assert (ROOT / named).exists(), f"{named} is gone"


def test_tables_of_peers_are_current() -> None:
    assert not peers.contradictions(peers.PAGE.read_text(encoding="utf-8")), "run `python -m tests.peers --write`"


# --------------------------------------------------------------------------------------------- the site


def test_site_is_built_without_warnings_and_has_what_it_needs(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the site is built where MkDocs is installed")
    if not (ROOT / "mkdocs.yml").exists():
        pytest.skip("the tests run apart from the repository")
    build = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        # The theme's makers announce the end of its life in 2027 on every run: that is no warning about this site.
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert build.returncode == 0, build.stderr
    assert "WARNING" not in build.stderr, build.stderr
    assert_search_finds_each_public_name(tmp_path)
    assert_nothing_is_loaded_from_elsewhere(tmp_path)


def assert_search_finds_each_public_name(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    titles = {entry["location"].partition("#")[2]: entry["title"] for entry in index["docs"]}
    missing = [name for name in public_names() if name.rsplit(".", 1)[1] not in titles.get(name, "")]
    assert not missing, "the search index does not have these under their own headings"


def assert_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loading = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="((?:https?:)?//[^"]*)"')
    for page in site.rglob("*.html"):
        assert not loading.findall(page.read_text(encoding="utf-8")), page
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()[\s\"']*(?:https?:)?//", style.read_text(encoding="utf-8")), style
