"""The report of a finished run in a real browser: whole, offline, quick, every picture there, the video plays.

The report is REPORT, else results/report.html of this checkout (`make report`).
"""

import os
from pathlib import Path

import pytest
from checkout import ROOT

REPORT = Path(os.environ.get("REPORT", ROOT / "results" / "report.html")).resolve()
pytestmark = pytest.mark.skipif(not REPORT.exists(), reason=f"there is no {REPORT}; `make report` writes one")
FIRST_PAGE_S, MOST_BYTES = 2.0, 30e6
# The tiny run's smallest picture is the room behind its target.
LEAST_PX = 256
# What is to be found in every report of `rule all`, by category.
EXPECTED = {
    "1. Result": {"contact sheet", "scores and time", "video", "where its pixels are from"},
    "2. Dance": {
        "1. beats of music and dance", "2. skeletons at a beat", "3. skeletons at a seam", "4. joints through time",
        "5. where each part is from",
    },
    "3. Person": {"0. the room", "1. does the video serve", "2. frames never seen", "3. faces", "4. losses"},
    "4. Matcher": {"losses, fragments of 2 s"},
    "5. Dances": {"kept, tempo, turns", "what is kept of"},
}  # fmt: skip


@pytest.fixture(scope="module")
def opened(chromium):
    """The report on its first page, what the console said, what was asked of the network, and the seconds it took."""
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    errors, asked = [], []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    # Of its own processor time: what else the machine does is not the report's.
    meter = page.context.new_cdp_session(page)
    meter.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(REPORT.as_uri())
    page.wait_for_selector("text=never danced this")
    metrics = {entry["name"]: entry["value"] for entry in meter.send("Performance.getMetrics")["metrics"]}
    return page, errors, asked, metrics["TaskDuration"]


def test_it_is_one_file_of_modest_size(opened):
    _, _, asked, took_s = opened
    assert REPORT.stat().st_size < MOST_BYTES
    assert took_s < FIRST_PAGE_S
    assert [url for url in asked if not url.startswith("data:")] == [REPORT.as_uri()]


def test_the_video_plays_on_the_first_page(opened):
    page = opened[0]
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    seconds, width = page.evaluate("(v => [v.duration, v.videoWidth])(document.querySelector('video'))")
    assert seconds > 1
    assert width >= 64
    page.evaluate("(v => { v.muted = true; v.play() })(document.querySelector('video'))")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
    title = page.locator("h1:has-text('dances to a song')").bounding_box()
    assert title["y"] >= 0


def test_every_result_is_there_with_words(opened):
    page = opened[0]
    found = page.evaluate("""Object.fromEntries(Object.entries(categories).map(([name, parts]) =>
        [name, Object.values(parts).flat().map(path => Object.values(results[path].labels)[0])]))""")
    assert {name: EXPECTED[name] - set(labels) for name, labels in found.items()} == {name: set() for name in EXPECTED}
    captions = page.evaluate("Object.entries(results).map(([path, result]) => [path, result.caption])")
    assert [path for path, words in captions if len(words) < 60 or "system-message" in words] == []


def test_every_picture_opens_whole(opened):
    page, errors = opened[0], opened[1]
    looked_at = 0
    for category in EXPECTED:
        page.click("nav a:has(svg) >> nth=1")
        page.click(f"nav >> text={category}")
        eyes = page.locator("nav tr a:not([download]):nth-child(1)")
        for number in range(eyes.count()):
            eyes.nth(number).click()
            page.wait_for_timeout(100)
            picture = page.locator("#app .grow img")
            if picture.count():
                assert picture.evaluate("async p => { await p.decode(); return p.naturalWidth }") >= LEAST_PX
                assert picture.bounding_box()["y"] >= 0
            else:
                assert page.frame_locator("iframe").locator("td").count() > 5
            looked_at += 1
    pictures = page.evaluate("Object.values(results).filter(r => !r.mime_type.startsWith('video')).length")
    assert looked_at == pictures
    assert errors == []
