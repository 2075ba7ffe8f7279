"""`gatecast fetch`: prices from where they live into a file. Knows no place's own ways; `gatecast.sources` does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.atomic import write_file
from gatecast.cli.console import dump, on_stdout, say
from gatecast.cli.screen import show_files
from gatecast.cli.steps import refuse_existing
from gatecast.cli.tables import as_csv
from gatecast.errors import OptionError
from gatecast.language import Text

if TYPE_CHECKING:
    import polars as pl


def fetch_step(
    source: str, symbol: str, out: str | None, *, start: str | None, end: str | None, force: bool, as_json: bool
) -> None:
    """Fetch daily prices and keep them as CSV. Raises: GatecastError of every kind; then nothing was written."""
    from gatecast.sources import fetch

    file = Path(out) if out is not None else _file_of(symbol)
    refuse_existing(file, force)
    prices = fetch(source, symbol, start, end)
    write_file(file, as_csv(_columns(prices)))
    days = [day.isoformat() for day in (prices["date"][0], prices["date"][-1])]
    if as_json:
        told = {"source": source, "symbol": symbol, "rows": len(prices), "columns": prices.columns}
        dump({"data": {**told, "first": days[0], "last": days[1]}, "files": {"prices": str(file)}})
        return
    names = ", ".join(prices.columns)
    say(
        on_stdout(),
        Text(
            f"{symbol} from {source}: {len(prices):,} days, {days[0]} to {days[1]}; columns {names}.",
            f"{symbol}（{source}）：{len(prices):,} 天，{days[0]} 至 {days[1]}；列：{names}。",
        ),
    )
    show_files({"prices": str(file)})


def _file_of(symbol: str) -> Path:
    """`AAPL.csv` in the working folder: what a symbol has that no file's name may have is left out."""
    name = re.sub(r"[^\w=-]+", "-", symbol).strip("-")
    if not name:
        raise OptionError(
            f"{symbol!r} is no symbol; give one as the source writes it, such as AAPL.",
            f"{symbol!r} 不是代码；请按数据源的写法给出，例如 AAPL。",
        )
    return Path(f"{name}.csv")


def _columns(prices: pl.DataFrame) -> dict[str, list[Any]]:
    """Plain columns: days as text, whole volumes without a decimal point."""
    columns = {name: prices[name].to_list() for name in prices.columns}
    columns["date"] = [day.isoformat() for day in columns["date"]]
    columns["volume"] = [int(v) if v is not None and float(v).is_integer() else v for v in columns["volume"]]
    return columns
