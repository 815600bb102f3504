# SPDX-License-Identifier: BSD-3-Clause
"""What all pages share: templates that give one self-contained HTML file in one style."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import markupsafe


def render(template: Path, filters: Mapping[str, Callable[..., Any]], **values: Any) -> str:
    """The text of a page. The template gets the common style as `css`, `filters` and `values`, and may import or
    include what is in macros/; an unknown name in it is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, Path(__file__).with_name("macros")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return environment.get_template(template.name).render(css=markupsafe.Markup(style), **values)
