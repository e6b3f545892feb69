"""Generate the tables of the reference: every public name, with the first line of its docstring.

    python -m tests.reference_tables

Rewrites the tables in the pages of `docs/reference`. A page documents the names in its `::: module.name` lines;
`index.md` lists all names.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from sse_stream.checks import RULES

PACKAGES = ("sse_stream", "sse_stream.checks", "sse_stream.dialects", "sse_stream.otel", "sse_stream.testing")
REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"

_DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_TABLE = re.compile(r"(?<=<!-- names -->\n\n).*?(?=\n<!-- /names -->)", re.DOTALL)
_RULES = re.compile(r"(?<=<!-- rules -->\n\n).*?(?=\n<!-- /rules -->)", re.DOTALL)

_FAMILIES = {
    "HTTP": "The response",
    "TIME": "When bytes arrive",
    "SSE": "Framing",
    "JSON": "JSON",
    "END": "How answers end",
    "CALL": "Tool calls",
    "USE": "Usage",
    "CHAT": "Chat completions",
    "ANTH": "Anthropic Messages",
    "RESP": "OpenAI Responses",
    "GEMI": "Gemini",
}


def public_names() -> list[str]:
    """Every name of every public package, with its path."""
    return [f"{package}.{name}" for package in PACKAGES for name in importlib.import_module(package).__all__]


def documented(page: str) -> list[str]:
    """The names that a page documents, in order."""
    return _DIRECTIVE.findall(page)


def summary(path: str) -> str:
    """The first sentence, or the first line, of what a public name's documentation says."""
    package, name = path.rsplit(".", 1)
    module = importlib.import_module(package)
    value = getattr(module, name)
    described = (inspect.isclass(value) and value is not Any) or inspect.isroutine(value)
    documentation = inspect.getdoc(value) if described else _text_below(module, name)
    if not documentation:
        raise ValueError(f"{path} has no docstring")
    line = " ".join(documentation.split("\n\n", 1)[0].split())
    return line.removesuffix(":") + ("." if line.endswith(":") else "")


def _text_below(package: ModuleType, name: str) -> str:
    """The string below the assignment of a name that has no docstring of its own, as a type alias has none."""
    for module in _modules(package):
        body = ast.parse(inspect.getsource(module)).body
        for statement, below in itertools.pairwise(body):
            targets = (
                statement.targets
                if isinstance(statement, ast.Assign)
                else [statement.target]
                if isinstance(statement, ast.AnnAssign)
                else []
            )
            named = any(isinstance(target, ast.Name) and target.id == name for target in targets)
            if named and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                return inspect.cleandoc(str(below.value.value))
    return ""


def _modules(package: ModuleType) -> list[ModuleType]:
    folder = Path(str(package.__file__)).parent
    paths = sorted(path.relative_to(folder) for path in folder.rglob("_[a-z]*.py"))
    return [importlib.import_module(".".join((package.__name__, *path.with_suffix("").parts))) for path in paths]


def table(names: list[str], pages: dict[str, str] | None = None) -> str:
    """A table of names; with `pages`, each name is a link into the page that documents it."""
    rows = ["| name | what it is |", "|---|---|"]
    for path in names:
        package, name = path.rsplit(".", 1)
        shown = f"{package.removeprefix('sse_stream').removeprefix('.')}.{name}".removeprefix(".") if pages else name
        target = f"{pages[path]}#{path}" if pages else f"#{path}"
        rows.append(f"| [`{shown}`]({target}) | {summary(path).replace('|', chr(92) + '|')} |")
    return "\n".join(rows) + "\n"


def rules() -> str:
    """Every rule of `sse_stream.checks`, family by family."""
    lines = []
    for family, title in _FAMILIES.items():
        lines += [f"## {title}", ""]
        for rule in (rule for rule in RULES if rule.family == family):
            strict = rule.level_in("strict")
            level = rule.level if strict == rule.level else f"{rule.level}, `{strict}` in the profile `strict`"
            lines += [
                f"### {rule.id} {rule.name} {{ #{rule.id.lower()} }}",
                "",
                f"{rule.title[0].upper()}{rule.title[1:]}. **{level.capitalize()}.**",
                "",
                rule.consequence,
                "",
                f"Reference: {rule.reference}.",
                "",
            ]
    return "\n".join(lines)


def current_pages() -> dict[Path, str]:
    """The pages of the reference as they should be."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md"))}
    pages = {name: path.name for path, text in texts.items() for name in documented(text)}
    found = {}
    for path, text in texts.items():
        names = [name for name in public_names() if name in pages] if path.name == "index.md" else documented(text)
        made = table(names, pages if path.name == "index.md" else None)
        found[path] = _RULES.sub(lambda _: rules(), _TABLE.sub(lambda _, made=made: made, text))  # type: ignore[misc]  # mypy cannot infer it
    return found


if __name__ == "__main__":
    for page, content in current_pages().items():
        page.write_text(content, encoding="utf-8")
