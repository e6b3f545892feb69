"""Deciding whether a test of a mutant's module notices the mutant.

Each test file runs once under coverage, to learn which tests run which line, and once without. A mutant of a
function's body then costs one fork of a process that has collected the tests: the function gets the mutant's code,
and the tests of its line run until one fails, the quickest and most successful first. A mutant of code that runs at
import is tested in a process that imports it anew. Requires `fork`.
"""

from __future__ import annotations

import ast
import compileall
import gc
import importlib
import inspect
import json
import math
import os
import pickle
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType
from typing import Literal, TypeAlias

import pytest

from .mutants import Mutant

Fate: TypeAlias = Literal["killed", "timeout", "survived"]
Result: TypeAlias = tuple[Fate, str | None]
"""What became of a mutant, and the test that failed where one is known."""

# What takes long to import and is the same for every mutant: imported once, before the first fork.
_PRELOADED = (
    *("coverage", "hypothesis.strategies", "_hypothesis_pytestplugin", "anyio.pytest_plugin", "xdist.plugin"),
    *("msgspec", "pydantic", "openai.types.chat"),
)

_HYPOTHESIS_PROFILE = "mutants"

PATIENCE = 2.0
"""Seconds of the processor's time that a test may take beside four times what it takes otherwise."""

_UNPATCHABLE = 77
"""The exit status of a process where no function could be given the mutant's code."""

_IMPORT = ""
"""Stands among the tests that run a line for an import, or for the collection of tests."""


@dataclass(frozen=True)
class Measured:
    """What is known of a file of tests.

    Attributes:
        seconds: How much of the processor's time each test takes, by its id.
        runs: Which tests run a line, by module and line.
    """

    seconds: Mapping[str, float]
    runs: Mapping[str, Mapping[int, Collection[str]]]


class Judge:
    """Runs tests against mutants, in copies of a project.

    Args:
        project: The folder with the package, its tests and `pyproject.toml`.
        workspace: An empty folder for the copies.
        jobs: How many mutants are tested at the same time.
        budget: How much of the processor's time the tests of a mutant may take, without it: the quickest are run.
    """

    def __init__(self, project: Path, workspace: Path, jobs: int = 1, budget: float = math.inf) -> None:
        self._budget = budget
        self._measured: dict[str, Measured] = {}
        self._copies = [workspace / str(job) for job in range(jobs)]
        for copy in self._copies:
            for name in ("sse_stream", "tests"):
                shutil.copytree(project / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(project / "pyproject.toml", copy)
            compileall.compile_dir(copy, quiet=1)
        for name in _PRELOADED:
            importlib.import_module(name)
        _register_profile()
        gc.freeze()  # each process collects garbage at its end

    def results(self, found: Sequence[Mutant], files: Sequence[str]) -> list[Result]:
        """What became of mutants of one module, each tested by these files.

        Raises:
            RuntimeError: If a test fails before anything is changed.
        """
        for name in files:
            if name not in self._measured:
                self._measured[name] = _measure(self._copies[0], name)
        measured = {name: self._measured[name] for name in files}
        workers = []
        for job, copy in enumerate(self._copies):
            own = found[job :: len(self._copies)]
            workers.append(_fork(partial(_work, copy, own, measured, self._budget)))
        results: list[Result | None] = [None] * len(found)
        for job, (copy, worker) in enumerate(zip(self._copies, workers, strict=True)):
            _, status = os.waitpid(worker, 0)
            if status:
                raise RuntimeError(f"the tests do not run: {_log(copy).read_text()[-3000:]}")
            results[job :: len(self._copies)] = [(fate, test) for fate, test in json.loads(_notes(copy).read_text())]
        return [result for result in results if result is not None]


def _register_profile() -> None:
    from hypothesis import HealthCheck, Phase, settings

    # A failure is enough: what it shrinks to, nobody reads.
    settings.register_profile(
        _HYPOTHESIS_PROFILE,
        max_examples=25,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


# ---------------------------------------------------------------- processes


def _fork(run: Callable[[], int]) -> int:
    """Start a process that does this, and exits with the status that it gives. Returns its id."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        status = run()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _log(copy: Path) -> Path:
    return copy.with_suffix(".log")


def _notes(copy: Path) -> Path:
    return copy.with_suffix(".notes")


def _failed_test(copy: Path) -> Path:
    return copy.with_suffix(".failed")


def _pytest(copy: Path, files: Iterable[str], plugin: object) -> int:
    """Run tests of a copy, in a process that is to do nothing else. Returns the exit status."""
    log = os.open(_log(copy), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    os.environ["HYPOTHESIS_PROFILE"] = _HYPOTHESIS_PROFILE
    os.environ.pop("SSE_STREAM_CORPUS", None)
    sys.dont_write_bytecode = True
    os.chdir(copy)
    # This package was imported from the project; the copy's is another.
    for name in [name for name in sys.modules if name.partition(".")[0] in ("sse_stream", "tests")]:
        del sys.modules[name]
    project = str(Path(__file__).resolve().parents[2])
    sys.path[:] = [str(copy), *(path for path in sys.path if path not in ("", project))]
    return int(pytest.main(["-x", "-q", "-p", "no:xdist", "--assert=plain", *files], plugins=[plugin]))


# ---------------------------------------------------------------- what is known of tests


def _measure(copy: Path, file: str) -> Measured:
    """Run a file of tests twice: under coverage, and then in about the order in which mutants are tested."""
    tracing = _fork(partial(_pytest, copy, [file], _Tracing(copy)))
    os.waitpid(tracing, 0)
    runs, traced_seconds = pickle.loads(_notes(copy).read_bytes())  # `_Tracing` wrote it
    timing = _fork(partial(_pytest, copy, [file], _Timing(copy, traced_seconds)))
    _, status = os.waitpid(timing, 0)
    if status:
        raise RuntimeError(f"{file} fails before anything is changed: {_log(copy).read_text()[-3000:]}")
    return Measured(json.loads(_notes(copy).read_text()), runs)


class _Tracing:
    """Notes which tests run which lines, and what time each takes meanwhile."""

    def __init__(self, copy: Path) -> None:
        from coverage import Coverage

        os.environ["COVERAGE_CORE"] = "ctrace"  # contexts need it
        self.copy = copy
        self.coverage = Coverage(data_file=None, config_file=False, source=[str(copy / "sse_stream")])
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        self.coverage.start()  # `conftest.py` may import the package

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.maxfail = 0  # a test of memory or of time may fail under coverage

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        self.coverage.switch_context(item.nodeid)
        began = time.process_time()
        done = yield
        self.seconds[item.nodeid] = time.process_time() - began
        self.coverage.switch_context(_IMPORT)
        return done

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        runs: dict[str, dict[int, set[str]]] = {}
        for name in data.measured_files():
            module = str(Path(name).relative_to(self.copy / "sse_stream").with_suffix(""))
            # A test that fails has not come to its end: it may run any line.
            lines = data.contexts_by_lineno(name)
            runs[module] = {line: self.failed.union(tests) for line, tests in lines.items()}
        _notes(self.copy).write_bytes(pickle.dumps((runs, self.seconds)))


class _Timing:
    """Notes how much of the processor's time each test takes."""

    def __init__(self, copy: Path, traced_seconds: Mapping[str, float]) -> None:
        self.copy = copy
        self.traced_seconds = traced_seconds
        self.seconds: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.traced_seconds[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        began = time.process_time()
        done = yield
        self.seconds[item.nodeid] = time.process_time() - began
        return done

    def pytest_sessionfinish(self) -> None:
        _notes(self.copy).write_text(json.dumps(self.seconds))


def covering_tests(
    source: str, found: Iterable[Mutant], runs: Mapping[int, Collection[str]]
) -> Iterator[Collection[str] | None]:
    """The tests that may notice each mutant of a module; `None` where it may change what an import does.

    Args:
        source: The module's source.
        found: The mutants.
        runs: Which tests run which of its lines.
    """
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    for mutant in found:
        around = [node for node in statements if node.lineno <= mutant.line <= _end(node)]
        functions = [node for node in around if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        bodies = [range(node.body[0].lineno, _end(node) + 1) for node in functions if node.body[0].lineno > node.lineno]
        bodies = sorted((body for body in bodies if mutant.line in body), key=len)
        # A function that an import calls, or one of a class or a condition in it, may have made something of itself.
        if not bodies or any(_IMPORT in runs.get(line, ()) for line in bodies[-1]):
            yield None
            continue
        own = _own_lines(min(around, key=lambda node: _end(node) - node.lineno))
        # Of some statements the compiler leaves nothing to run.
        yield _union(runs, own) or _union(runs, bodies[0])


def _union(runs: Mapping[int, Collection[str]], lines: Iterable[int]) -> set[str]:
    return {name for line in lines for name in runs.get(line, ())}


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _own_lines(node: ast.stmt) -> range:
    """The lines of a statement, without those of the statements in it."""
    match node:
        case ast.Match():
            end = node.cases[0].pattern.lineno
        case ast.stmt(body=[ast.stmt() as first, *_]):  # type: ignore[misc]
            end = first.lineno
        case _:
            end = _end(node) + 1
    return range(node.lineno, max(end, node.lineno + 1))


# ---------------------------------------------------------------- tests against mutants


def _work(copy: Path, found: Sequence[Mutant], measured: Mapping[str, Measured], budget: float) -> int:
    """Test mutants of one module in a copy, and note what becomes of them."""
    results: list[Result | None] = []
    if found:
        module = found[0].module
        file = copy / "sse_stream" / f"{module}.py"
        original = file.read_text(encoding="utf-8")
        seconds: dict[str, float] = {}
        runs: dict[int, set[str]] = {}
        for known in measured.values():
            seconds.update(known.seconds)
            for line, names in known.runs.get(module, {}).items():
                runs.setdefault(line, set()).update(names)
        trials = list(zip(found, covering_tests(original, found, runs), strict=True))
        patching = _Patching(copy, seconds, budget, file, original, trials)
        process = _fork(partial(_pytest, copy, measured, patching))
        _, status = os.waitpid(process, 0)
        if status:
            return 1
        results = json.loads(_notes(copy).read_text())
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            compiled.unlink()
        for at, result in enumerate(results):
            if result is None:
                file.write_text(found[at].source, encoding="utf-8")
                results[at] = _test_anew(copy, measured, budget)
        file.write_text(original, encoding="utf-8")
    _notes(copy).write_text(json.dumps(results))
    return 0


class Limited:
    """Ends a process with a test that takes much longer than it did; notes which test failed."""

    def __init__(self, copy: Path, seconds: Mapping[str, float], budget: float) -> None:
        self.copy = copy
        self.seconds = seconds
        self.budget = budget

    def affordable(self, names: Iterable[str]) -> list[str]:
        """Those of the tests, in this order, that the budget is enough for; at least one."""
        names = list(names)
        spent = accumulate(self.seconds.get(name, 1.0) for name in names)
        count = sum(1 for seconds in spent if seconds <= self.budget)
        return names[: max(count, 1)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "line"  # to show more of a failure, all of its file is parsed

    def begin(self, names: Iterable[str]) -> None:
        """These tests are about to run: limit them all, should one wait for something for ever."""
        _failed_test(self.copy).unlink(missing_ok=True)
        signal.setitimer(signal.ITIMER_PROF, 20)
        signal.setitimer(signal.ITIMER_REAL, 60 + 20 * math.fsum(self.seconds[name] for name in names))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        # A changed module may change the names of tests.
        signal.setitimer(signal.ITIMER_PROF, PATIENCE + 4 * self.seconds.get(item.nodeid, 1.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            _failed_test(self.copy).write_text(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        os._exit(exitstatus)  # nobody needs what comes after, which takes longer than most tests


def _result(copy: Path, process: int) -> Result | None:
    """What becomes of the mutant that a process tests; `None` if it cannot."""
    _, status = os.waitpid(process, 0)
    if status == 0:
        return "survived", None
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM):
        return "timeout", None
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _UNPATCHABLE:
        return None
    note = _failed_test(copy)
    return "killed", note.read_text() if note.exists() else None


class _Patching(Limited):
    """Once the tests are collected, forks for each mutant, and there runs the tests of its line.

    Args:
        copy: Where the tests run.
        seconds: How much of the processor's time each takes.
        budget: How much they may take for a mutant.
        file: The module's file.
        original: Its source.
        trials: The mutants with their tests.
    """

    def __init__(
        self,
        copy: Path,
        seconds: Mapping[str, float],
        budget: float,
        file: Path,
        original: str,
        trials: Sequence[tuple[Mutant, Collection[str] | None]],
    ) -> None:
        super().__init__(copy, seconds, budget)
        self.file = str(file)
        self.codes = self._codes_of(original)
        self.trials = trials

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        items = {item.nodeid: item for item in session.items}
        gc.unfreeze()  # what is frozen is not found
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        functions = [function for function in functions if function.__code__.co_filename == self.file]
        gc.freeze()
        found: Counter[str | None] = Counter()
        results: list[Result | None] = []
        for mutant, tests in self.trials:
            if tests is None:
                results.append(None)
                continue
            process = os.fork()
            if process == 0:
                if not self._patch(functions, mutant):
                    os._exit(_UNPATCHABLE)
                names = self.affordable(sorted(tests, key=lambda name: self.seconds[name] / (1 + found[name])))
                session.items[:] = [items[name] for name in names]
                self.begin(names)
                return None  # pytest's own loop comes next
            result = _result(self.copy, process)
            results.append(result)
            if result is not None:
                found[result[1]] += 1
        _notes(self.copy).write_text(json.dumps(results))
        return True

    def _codes_of(self, source: str) -> list[CodeType]:
        return list(_function_codes(compile(source, self.file, "exec", dont_inherit=True)))

    def _patch(self, functions: Iterable[FunctionType], mutant: Mutant) -> bool:
        """Give functions the code that they have in the mutant. Returns whether there was one to be changed."""
        codes = {old: new for old, new in zip(self.codes, self._codes_of(mutant.source), strict=True) if old != new}
        patched = False
        for function in functions:
            code = codes.get(function.__code__)
            if code is not None:
                try:
                    function.__code__ = code
                except ValueError:  # it closes over other names
                    return False
                patched = True
        return patched


def _function_codes(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions of a module and of its classes, in order; not of functions within them."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & inspect.CO_OPTIMIZED:
                yield constant
            else:
                yield from _function_codes(constant)


def _test_anew(copy: Path, measured: Mapping[str, Measured], budget: float) -> Result:
    """Test what a copy now holds, one file after another: most mutants do not live to see the second."""
    for name, known in measured.items():
        process = _fork(partial(_pytest, copy, [name], _Quickest(copy, known.seconds, budget)))
        result = _result(copy, process)
        if result is not None and result[0] != "survived":
            return result
    return "survived", None


class _Quickest(Limited):
    """Runs the quickest tests first."""

    def pytest_configure(self, config: pytest.Config) -> None:
        super().pytest_configure(config)
        self.begin(self.seconds)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 1.0))
        del items[len(self.affordable(item.nodeid for item in items)) :]
