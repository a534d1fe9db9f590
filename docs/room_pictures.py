"""The pictures of the cutting room in docs/cutting_room.md, of the demo's finished run in this folder's `results`.

    danceit make && danceit open --port 8010 --no-browser &
    python docs/room_pictures.py http://127.0.0.1:8010

Writes docs/pictures/room_start.webp and room_song.webp. Needs Playwright and a Chromium (`make test-browser`).
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
SCREEN = {"width": 1280, "height": 900}
# The matcher is loaded for the first alternatives.
PATIENCE_MS = 300_000
PLAYED_MS = 2000


def main() -> None:
    """Look at the room at the address that is given."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/room_pictures.py ADDRESS (which `danceit open` prints)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"))
        page = browser.new_page(viewport=SCREEN)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(sys.argv[1])
        page.get_by_role("link", name="Watch and edit").first.wait_for()
        page.wait_for_function(
            "() => [...document.querySelectorAll('#songs video')].every((one) => one.readyState > 1)"
        )
        save(page.locator("main"), "room_start")
        page.get_by_role("link", name="Watch and edit").first.click()
        page.locator("#play:not([disabled])").wait_for()
        page.get_by_role("button", name="Clip 3 of").click()
        page.locator(".candidate").first.wait_for()
        page.wait_for_timeout(PLAYED_MS)
        save(page, "room_song")
        browser.close()


def save(page: Page | Locator, name: str) -> None:
    """Write what is seen."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").save(PICTURES / f"{name}.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
