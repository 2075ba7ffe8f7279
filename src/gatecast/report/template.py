"""What every page needs: its template filled, style, script and plotly inside. Knows no page's contents.

A page is a Jinja template that fills frame.html with its own contents and with parts.html, what several pages show.
Plotly's script travels compressed inside the file (2 MB instead of 5): the browser unpacks it. A content security
policy in the frame forbids every request.
"""

from __future__ import annotations

import base64
import gzip
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecast.language import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jinja2

_HERE = Path(__file__).parent


def surroundings() -> dict[str, str]:
    """What a template's frame asks for: language, style, script, library."""
    return {
        "language": "zh-CN" if current() == "zh" else "en",
        "style": (_HERE / "page.css").read_text("utf-8"),
        "script": (_HERE / "page.js").read_text("utf-8"),
        "library": _library(),
    }


def rendered(name: str, page: Mapping[str, Any]) -> bytes:
    """The template of this file name, filled; everything but `surroundings` is escaped."""
    return _templates().get_template(name).render(page).encode()


@cache
def _library() -> str:
    """Plotly's script, compressed, as text that may stand in HTML."""
    from plotly.offline import get_plotlyjs

    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), compresslevel=6, mtime=0)).decode()


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "allow_nan": False,
        "ensure_ascii": False,
        "separators": (",", ":"),
    }
    return environment
