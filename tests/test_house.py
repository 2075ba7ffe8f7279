"""The rules of the house that no linter keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gatecast.errors

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ROOMS = ("tests", "benchmarks", "pretraining")
PROGRAMS = SOURCES + [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
WORDS = [
    path
    for pattern in ("*.md", "*.toml", "*.yml", "*.txt", "Makefile", ".ci/*", "docs/**/*.md", "benchmarks/**/*.md")
    for path in sorted(ROOT.glob(pattern))
]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 60
RUNS_CODE = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
CALLS_THAT_RUN_CODE = {"eval", "exec", "torch.load", "numpy.load", "np.load", "torch.hub.load", "torch.jit.load"}
NO_NAME_FOR_A_FILE = {"utils.py", "common.py", "helpers.py", "misc.py", "base.py"}
ERRORS = {name for name, kind in vars(gatecast.errors).items() if isinstance(kind, type) and name.endswith("Error")}
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home|opt|Users|tmp)/\w")

every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
every_program = pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def lines(found: Iterator[ast.AST]) -> list[int]:
    return [node.lineno for node in found]  # type: ignore[attr-defined]


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in nodes(path) if isinstance(node, ast.Call))


@every_source
def test_nothing_can_run_code_from_a_file(path: Path) -> None:
    imported = {
        name.split(".")[0]
        for node in nodes(path)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert not imported & RUNS_CODE
    assert not lines(call for call in calls(path) if ast.unparse(call.func) in CALLS_THAT_RUN_CODE)


@every_source
def test_no_handler_swallows_everything(path: Path) -> None:
    """`except BaseException` may tidy up and raise again."""

    def swallows(node: ast.AST) -> bool:
        if not isinstance(node, ast.ExceptHandler):
            return False
        caught = ast.unparse(node.type) if node.type else ""
        raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        return caught in ("", "Exception") or (caught == "BaseException" and not raises_again)

    assert not lines(node for node in nodes(path) if swallows(node))


@every_source
def test_the_library_never_asserts(path: Path) -> None:
    assert not lines(node for node in nodes(path) if isinstance(node, ast.Assert))


@every_program
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    functions = [node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= MOST_LINES_OF_A_FUNCTION]
    assert not long


@every_source
def test_every_module_says_what_it_knows(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert path.name not in NO_NAME_FOR_A_FILE


@every_source
def test_every_sentence_stands_in_both_languages(path: Path) -> None:
    """Calls of `Text` and of our errors have two arguments: the first in English, the second in Chinese."""
    for call in calls(path):
        name = ast.unparse(call.func).rpartition(".")[2]
        if (name not in ERRORS and name != "Text") or any(isinstance(a, ast.Starred) for a in call.args):
            continue
        assert len(call.args) + len(call.keywords) == 2, f"line {call.lineno}: {name} needs English and Chinese"
        english, chinese = (written(a) for a in [*call.args, *(k.value for k in call.keywords)])
        assert english is None or not is_chinese(english), f"line {call.lineno}: English first"
        if english and chinese is not None and re.search(r"[a-z]{3}", english) and english != chinese:
            assert is_chinese(chinese), f"line {call.lineno}: {chinese!r} is not Chinese"


def written(argument: ast.expr) -> str | None:
    """The words of a literal, without the values put into it; None for what is computed elsewhere."""
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.JoinedStr):
        return "".join(str(part.value) for part in argument.values if isinstance(part, ast.Constant))
    return None


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("path", PROGRAMS + WORDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_path_of_a_machine_is_mentioned(path: Path) -> None:
    assert not MACHINE.findall(path.read_text(encoding="utf-8"))


def test_files_of_tests_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))


@every_source
def test_the_architecture_names_every_file(path: Path) -> None:
    if path.name not in ("__init__.py", "__main__.py"):
        assert re.search(rf"\b{re.escape(path.name)}\b", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
