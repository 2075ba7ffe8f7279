"""The command line: how it starts, and how it ends.

Exit code 0; 2 with one message on a user's mistake; 130 after Ctrl-C where nothing could be kept. Importing this
loads neither torch nor polars nor plotly; each command imports what it needs when it is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from gatecast.errors import GatecastError, OptionError
from gatecast.language import Text

_LANGUAGES = ("en", "zh")
MISTAKE, INTERRUPTED = 2, 130


def main() -> None:
    """The entry point of `gatecast`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask; the exit code."""
    wants_json = "--json" in arguments
    try:
        with speaking(_language(arguments)):
            return _call(arguments or ["--help"], wants_json)
    except OptionError as error:  # of --lang itself
        return _complain(error.text, type(error).__name__, wants_json)


def _call(arguments: Sequence[str], wants_json: bool) -> int:
    import typer

    from gatecast.cli.app import app

    try:
        return app(args=list(arguments), prog_name="gatecast", standalone_mode=False) or 0
    except GatecastError as error:
        return _complain(error.text, type(error).__name__, wants_json)
    except typer.TyperException as error:
        return _complain(_usage(error), "UsageError", wants_json)
    except KeyboardInterrupt:
        return INTERRUPTED


@contextmanager
def speaking(language: str | None) -> Iterator[None]:
    """While inside, all sentences come in this language; None leaves it to the environment."""
    before = os.environ.get("GATECAST_LANG")
    if language is not None:
        os.environ["GATECAST_LANG"] = language
    try:
        yield
    finally:
        with suppress(KeyError):
            del os.environ["GATECAST_LANG"]
        if before is not None:
            os.environ["GATECAST_LANG"] = before


def _language(arguments: Sequence[str]) -> str | None:
    """What `--lang` says. It is looked for before anything is parsed, so that help and errors obey it too."""
    chosen = None
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--lang":
            chosen = value if equals else "".join(arguments[position + 1 : position + 2])
    if chosen is not None and chosen not in _LANGUAGES:
        raise OptionError(f"--lang must be en or zh, got {chosen!r}.", f"--lang 应为 en 或 zh，实际为 {chosen!r}。")
    return chosen


def _usage(error: Exception) -> Text:
    """A mistake in the command itself, in both languages; typer says it in English alone."""
    message = getattr(error, "format_message", error.__str__)().strip()
    kind = type(error).__name__
    parameter = getattr(getattr(error, "param", None), "name", None) or ""
    chinese = {
        "NoSuchOption": f"没有选项 {getattr(error, 'option_name', '')}",
        "MissingParameter": f"缺少参数 {parameter.upper()}",
        "NoSuchCommand": "没有这个命令",
    }.get(kind, "命令有误")
    return Text(f"{message} See gatecast --help.", f"{chinese}（{message}）。参见 gatecast --help。")


def _complain(message: Text, kind: str, wants_json: bool) -> int:
    from gatecast.cli.console import dump, on_stderr, say

    if wants_json:
        dump({"error": {"kind": kind, "message": str(message)}})
    else:
        say(on_stderr(), Text(f"Error: {message.english}", f"错误：{message.chinese}"), style="red")
    return MISTAKE
