"""What the documentation says can be done is done here, with training cut short; its two languages say the same.

A block of `sh` or `python` runs in a folder that holds the bundled tables. A block of `text` after it is what it
prints: every line of it, up to a "…", must be there. `make` and `pip` are left to the machine that checks.
"""

from __future__ import annotations

import gzip
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

import gatecast.cli.study
import gatecast.errors
from gatecast import datasets, models
from gatecast.cli import run
from gatecast.cli.settings import Settings, resolve
from gatecast.forecaster import Forecaster
from gatecast.studies import textbook
from gatecast.studies.catalogue import STUDIES, carry_out
from gatecast.studies.textbook import train

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
TRANSLATED = [page for page in PAGES if page.name.endswith(".zh-CN.md")]
NOT_RUN = {"make", "pip", "git", "python"}  # programs other than gatecast
MOST_WINDOWS, MOST_EPOCHS = 40, 20  # of the networks of the studies' pages
MISTAKE = ("Error:", "错误：")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
every_translation = pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: str(page.relative_to(ROOT)))


class Block(NamedTuple):
    language: str
    code: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def language_of(page: Path) -> str:
    return "zh" if page in TRANSLATED else "en"


def original(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh-CN", ""))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tables that the texts name, in which nothing trains for long."""
    construct: Callable[..., None] = Forecaster.__init__

    def in_a_hurry(self: Forecaster, *args: Any, **options: Any) -> None:
        hurried = {name: options.get(name) or least for name, least in (("steps", 2), ("members", 1))}
        construct(self, *args, **(options | hurried))

    monkeypatch.setattr(Forecaster, "__init__", in_a_hurry)
    monkeypatch.setattr(datasets, "_FILES", cut(tmp_path / "tables"))
    monkeypatch.setattr(gatecast.cli.study, "carry_out", quickly)
    for module, _ in STUDIES.values():
        import_module(f"gatecast.studies.{module}")  # with the loop as it is
    monkeypatch.setattr(textbook, "train", for_a_moment)
    monkeypatch.setenv("COLUMNS", "200")
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    prices = pl.read_csv(datasets.path("stocks")).filter(pl.col("Ticker") == "IBM")
    prices.rename(str.lower).drop("ticker", "adj close").write_csv("prices.csv")
    return working


def for_a_moment(network: Any, windows: Any, *, epochs: int, **options: Any) -> Any:
    """`textbook.train` on a few windows, a few times."""
    return train(network, windows.between(0, MOST_WINDOWS), epochs=min(epochs, MOST_EPOCHS), **options)


def quickly(name: str, **options: Any) -> Any:
    """A study in its quick form, which the command asks for only with `--quick`."""
    return carry_out(name, **options | {"quick": True})


def cut(tables: Path) -> Path:
    """The bundled tables, the large ones shortened: what they hold is not the question here."""
    tables.mkdir()
    for name in datasets.names():
        shutil.copy(datasets.path(name), tables)
    stocks = pl.read_csv(datasets.path("stocks")).group_by("Ticker", maintain_order=True).tail(200)
    with gzip.open(tables / "stocks.csv.gz", "wb") as file:
        stocks.write_csv(file)
    pl.read_csv(datasets.path("weather")).tail(200).write_csv(tables / "weather.csv")
    return tables


def call(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """A command of gatecast: its exit code and all that it printed."""
    capsys.readouterr()
    code = run(shlex.split(line, comments=True)[1:])
    return code, "\n".join(capsys.readouterr())


def commands(block: Block) -> Iterator[str]:
    for line in block.code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] not in NOT_RUN:
            assert words[0] == "gatecast", f"{line!r} is no command of ours"
            yield line


def expected(found: list[Block], position: int) -> list[str]:
    """The lines of the block of output after this one."""
    after = found[position + 1] if position + 1 < len(found) else Block("", "")
    return [squeezed(line.partition("…")[0]) for line in after.code.splitlines()] if after.language == "text" else []


def squeezed(text: str) -> str:
    return " ".join(text.split())


@every_page
@pytest.mark.slow
def test_every_block_does_what_the_page_says(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATECAST_LANG", language_of(page))
    names: dict[str, Any] = {}
    found = blocks(page)
    for position, block in enumerate(found):
        promised = expected(found, position)
        if block.language == "python":
            capsys.readouterr()
            exec(compile(block.code, str(page), "exec"), names)
            printed = squeezed(capsys.readouterr().out)
            assert not [words for words in promised if words not in printed], f"{block.code}\n{printed}"
        elif block.language == "sh":
            fails = any(line.startswith(MISTAKE) for line in promised)
            for line in commands(block):
                code, printed = call(line, capsys)
                assert code == (2 if fails else 0), f"{line}\n{printed}"
                missing = [words for words in promised if words not in squeezed(printed)]
                assert not missing, f"{line}\n{printed}"


@every_page
def test_blocks_are_of_known_kinds(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= {"sh", "python", "text", "toml"}
    assert page.read_text(encoding="utf-8").count("```") == 2 * len(blocks(page))


@every_page
def test_no_option_is_made_up(page: Path) -> None:
    words = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", page.read_text(encoding="utf-8")))
    others = {"--runs", "--check", "--install", "--environment", "--limit", "--test"}  # of the benchmarks
    assert words <= options() | others


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@every_translation
def test_both_languages_say_the_same(page: Path) -> None:
    """Same code but for comments, as many headings of each depth, table rows and pictures."""
    english, chinese = (original(page).read_text(encoding="utf-8"), page.read_text(encoding="utf-8"))
    assert code_alone(original(page)) == code_alone(page)
    for part in (r"^#+ ", r"^\|", r"^- ", r"!\["):
        ours, theirs = (re.findall(part, FENCE.sub("", text), re.MULTILINE) for text in (english, chinese))
        assert ours == theirs, part
    assert f"]({page.name})" in english
    assert f"]({original(page).name})" in chinese


def code_alone(page: Path) -> list[tuple[str, str]]:
    return [
        (block.language, re.sub(r"\s+#.*", "", block.code))
        for block in blocks(page)
        if block.language in ("sh", "python", "toml")
    ]


def options() -> set[str]:
    """Every option of every command."""
    import typer

    from gatecast.cli.app import app

    command: Any = typer.main.get_command(app)
    owners = [command, *command.commands.values()]
    return {name for owner in owners for one in owner.params for name in one.opts if name.startswith("--")} | {"--help"}


def test_the_reference_is_complete() -> None:
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    errors = {name for name in vars(gatecast.errors) if name.endswith("Error")}
    for word in options() | errors | set(re.findall(r"GATECAST_[A-Z_]+", sources)):
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", text), word


def test_the_toml_of_the_reference_has_every_key(tmp_path: Path) -> None:
    (toml,) = (block.code for block in blocks(ROOT / "docs" / "reference.md") if block.language == "toml")
    file = tmp_path / "run.toml"
    file.write_text(toml, "utf-8")
    assert isinstance(resolve({"config": str(file)}), Settings)
    document = tomllib.loads(toml)
    for section, keys in vars(Settings()).items():
        known = vars(keys) if section != "network" else document[section]  # the model's own, which `configure` knows
        assert set(document[section]) == set(known)
    assert models.get("lstm").configure(document["network"])


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_tree_of_the_readme_is_whole(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in (ROOT / "src" / "gatecast").iterdir():
        if path.name not in ("__init__.py", "__main__.py", "version.py", "__pycache__") and has_code(path):
            assert re.search(rf"^      {path.name}/? ", text, re.MULTILINE), path.name


def has_code(path: Path) -> bool:
    return path.suffix == ".py" or any(path.glob("*.py"))
