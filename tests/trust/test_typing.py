"""The file of user programs for type checkers covers the whole public API."""

from __future__ import annotations

import ast
from pathlib import Path

import sse_stream
import sse_stream.dialects
import sse_stream.testing


def test_every_public_name_is_used_as_users_use_it() -> None:
    tree = ast.parse(Path(__file__).with_name("typing_users.py").read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    public = {*sse_stream.__all__, *sse_stream.dialects.__all__, *sse_stream.testing.__all__}
    assert public - used == set()
