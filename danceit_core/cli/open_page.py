"""`danceit open`: the cutting room in the browser."""

from pathlib import Path

import click

from danceit_core.cli.project import enter, project_argument


@click.command("open")
@project_argument
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen on.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def open_page(folder: Path | None, port: int, host: str, no_browser: bool) -> None:
    """Open a project in the browser.

    Add files, make dances, look at them and edit them. The pages are served to this machine alone. Ctrl-C ends the
    server.

    \b
    Examples:
      danceit open
      danceit open my
      danceit open my --port 8010 --no-browser
    """
    place = enter(folder)
    try:
        from danceit_core.cutting_room.server import open_room
    except ModuleNotFoundError as error:
        from danceit_core.errors import ConfigError

        if error.name not in {"jinja2", "starlette", "uvicorn"}:
            raise
        raise ConfigError(f'{error.name} is not installed; install it with `pip install --editable ".[app]"`') from None
    open_room(place, host=host, port=port, browser=not no_browser)
