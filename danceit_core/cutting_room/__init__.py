"""The cutting room: a local server on which a project is made, watched, edited and compared (docs/cutting_room.md)."""

from pathlib import Path

PAGES = Path(__file__).parent / "pages"
