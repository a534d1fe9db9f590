"""How well the song page keeps time, and how smooth it is: real Chromium, the real server, a project made for it.

    python benchmarks/song_page.py drift --minutes 5
    python benchmarks/song_page.py scroll

`drift` plays a draft of that length (1280x720, 24 frames a second, its number in each picture) and reads the number
out of each picture that is shown: its distance to the clock at the time that the screen shows it, in frames. `scroll`
moves through a mix of two hours, 14,400 beats and 3,600 clips, by 40 pixels each frame, by jumps of a screen, and by
zooms, and times the frames.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "helpers"), str(ROOT / "tests" / "unit")]

import danced_project  # noqa: E402
from tiny_room import PERSON, SONG, make_room_project, serving_room  # noqa: E402
from tiny_study import FPS  # noqa: E402

from danceit_core.media.video import VideoWriter  # noqa: E402
from danceit_core.place import Place  # noqa: E402

WIDTH, HEIGHT, BITS, CELL = 1280, 720, 14, 40
SOUND_HZ = 22050
# A video needs so long to begin after the song has.
SETTLED_S = 1.0
DRIFT = """async ([seconds, bits, cell]) => {
    const { room } = await import('/pages/song/main.js');
    const video = document.querySelector('.pane video');
    const context = new OffscreenCanvas(bits * cell, cell).getContext('2d', { willReadFrequently: true });
    const shown = [];
    room.player.seek(0);
    await room.player.toggle();
    while (room.player.playing && room.player.now < seconds - 0.5) {
        const about = await new Promise((done) => video.requestVideoFrameCallback((_, given) => done(given)));
        const clock = room.player.now + (about.expectedDisplayTime - performance.now()) / 1000;
        context.drawImage(video, 0, 0, bits * cell, cell, 0, 0, bits * cell, cell);
        const { data } = context.getImageData(0, cell / 2, bits * cell, 1);
        let number = 0;
        for (let bit = 0; bit < bits; bit += 1) number += (data[4 * (cell * bit + cell / 2)] > 128) * 2 ** bit;
        shown.push([number, clock]);
    }
    const { droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
    return { shown, jumps: room.stage.first.follower.jumps, dropped };
}"""
SCROLL = """async ([kind, count]) => {
    const { room } = await import('/pages/song/main.js');
    const { view } = room.timeline;
    view.zoomTo(40, 0, 0);
    const took = [];
    let last = await new Promise(requestAnimationFrame);
    for (let at = 0; at < count; at += 1) {
        if (kind === 'slow') view.scroller.scrollLeft += 40;
        else if (kind === 'screens') view.scroller.scrollLeft += view.width;
        else view.zoom(at % 60 < 30 ? 1 / 1.08 : 1.08);
        const now = await new Promise(requestAnimationFrame);
        took.push(now - last);
        last = now;
    }
    return { took, nodes: document.querySelectorAll('.clip').length };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("drift", "scroll"))
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--frames", type=int, default=600, help="drawn frames of each way of scrolling")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder), given) as page:
        drift(page, given.minutes * 60) if given.what == "drift" else scroll(page, given.frames)


@contextlib.contextmanager
def opened(folder: Path, given: argparse.Namespace):
    """The page of the song that is measured, ready to be played."""
    place = make_room_project(folder / "my")
    seconds = given.minutes * 60 if given.what == "drift" else danced_project.MIX_S
    write_sound(folder / "my" / "made" / "song.wav", seconds)
    danced_project.dance(place, draft=False)
    song = SONG
    if given.what == "drift":
        danced_project.dance(place, seconds=seconds, draft=False)
        write_numbered(place, seconds)
    else:
        danced_project.add_songs(place)
        song = danced_project.MIX
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with serving_room(place.folder) as room, sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://{room.host}/songs/{song}")
        page.locator("#play:not([disabled])").wait_for(timeout=1_800_000)
        page.wait_for_timeout(3000)
        yield page
        browser.close()


def write_sound(path: Path, seconds: float) -> None:
    """A pulse each half second in noise, in pieces, so that two hours take no memory."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", SOUND_HZ, 1) as file:
        for _ in range(round(seconds * 2)):
            envelope = np.exp(-np.arange(SOUND_HZ // 2) / (SOUND_HZ * 0.08))
            file.write((rng.standard_normal(SOUND_HZ // 2) * 0.2 * envelope).astype(np.float32))


def write_numbered(place: Place, seconds: float) -> None:
    """The draft: each picture's number in squares along its upper edge, below it something that moves."""
    with VideoWriter(place.draft(PERSON, SONG), fps=FPS, size=(WIDTH, HEIGHT), crf=23, gop=48) as writer:
        for frame in range(round(seconds * FPS)):
            picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
            for bit in range(BITS):
                picture[:CELL, bit * CELL : (bit + 1) * CELL] = 235 if frame >> bit & 1 else 20
            left = frame * 7 % (WIDTH - 200)
            picture[200:500, left : left + 200] = (frame % 256, 160, 90)
            writer.write(picture)


def drift(page: Page, seconds: float) -> None:
    page.locator(".pane select").first.select_option("now:draft")
    page.wait_for_function("() => document.querySelector('.pane video').readyState >= 3")
    page.set_default_timeout(0)
    found = page.evaluate(DRIFT, [seconds, BITS, CELL])
    number, clock_s = np.array(found["shown"]).T
    # A picture is on the screen until the next one: its distance is the larger one of both ends, 0 within its frame.
    begins, ends = clock_s[:-1] * FPS - number[:-1], clock_s[1:] * FPS - number[:-1]
    away = np.maximum(np.maximum(-begins, ends - 1), 0)[clock_s[:-1] > SETTLED_S]
    print(
        json.dumps(
            {
                "seconds": seconds,
                "pictures": len(away),
                "distance in frames, median": round(float(np.median(away)), 3),
                "99th percentile": round(float(np.percentile(away, 99)), 3),
                "largest": round(float(away.max()), 3),
                "share within one frame": round(float((away <= 1).mean()), 5),
                "jumps": found["jumps"],
                "dropped": found["dropped"],
            }
        )
    )


def scroll(page: Page, frames: int) -> None:
    for kind in ("slow", "screens", "zooms"):
        found = page.evaluate(SCROLL, [kind, frames])
        took = np.array(found["took"])
        figures = {"median ms": np.median(took), "95th percentile ms": np.percentile(took, 95), "most ms": took.max()}
        rounded = {name: round(float(value), 1) for name, value in figures.items()}
        print(json.dumps({"way": kind} | rounded | {"clips in the page": found["nodes"]}), flush=True)


if __name__ == "__main__":
    main()
