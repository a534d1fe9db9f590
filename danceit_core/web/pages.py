"""HTML pages that are filled in by templates, and the static files beside them.

Folders of pages are searched in the order given; the one of this package, with the base styles, is always the last.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

BASE = Path(__file__).parent / "pages"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def page(folder: Path, name: str, values: Callable[[], dict[str, Any]] = dict) -> Callable[[Request], Response]:
    """An endpoint that fills in and sends a page of `folder`. values: called for each request."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, BASE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )

    def endpoint(request: Request) -> Response:
        return HTMLResponse(environment.get_template(name).render(values()))

    return endpoint


def static_files(folders: Sequence[Path]) -> Route:
    """The route /pages/NAME: stylesheets, scripts and drawings of the folders and those inside them, and of BASE.

    The files are listed once: no name that a browser sends becomes a path.
    """
    files = {
        path.relative_to(folder).as_posix(): path
        for folder in reversed([*folders, BASE])
        for path in sorted(folder.rglob("*"))
        if path.suffix in MEDIA_TYPES and path.is_file()
    }

    def endpoint(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404, "no such file")
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers={"cache-control": "no-cache"})

    return Route("/pages/{name:path}", endpoint, methods=["GET"])
