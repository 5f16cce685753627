"""The directions of imports and the length of functions, so that a plain pytest run sees both."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import silog_scan

PACKAGE = Path(silog_scan.__file__).parent
MOST_LINES = 40


def long_functions(path: Path) -> list[str]:
    return [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= MOST_LINES
    ]


def test_imports_point_downwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE.parent)

    assert lint_imports(no_cache=True) == 0


def test_no_function_is_longer_than_a_screen() -> None:
    written = (path for path in PACKAGE.rglob("*.py") if "versions" not in path.parts)  # by hand

    found = [name for path in written for name in long_functions(path)]

    assert found == []
