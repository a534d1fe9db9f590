"""Voting as people do it: by mouse, by keyboard alone, on a phone, with a reload, a dead server, a dark screen."""

import csv
import io
from collections import Counter
from urllib.parse import urljoin

import pytest
from screens import PHONE

SINGLES, PAIRS = 6, 2


def begin(page, part):
    page.get_by_role("button", name="One clip at a time" if part == "single" else "Compare two clips").click()


def wait_for(page, count):
    """Until the question with that number has been watched."""
    page.wait_for_function(
        "text => document.getElementById('count').textContent === text"
        " && document.getElementById('left').getAttribute('aria-disabled') === 'false'",
        arg=count,
    )


def votes(page):
    text = page.request.get(urljoin(page.url, "/votes.csv")).text()
    return list(csv.DictReader(io.StringIO(text)))


def playing(page, number=0):
    return page.evaluate(f"document.getElementById('video-{number}').currentTime")


def test_a_whole_session_by_mouse(open_page, check_access):
    page = open_page()
    check_access(page)
    before = len(votes(page))
    begin(page, "single")
    for number in range(1, SINGLES + 1):
        wait_for(page, f"Clip {number} of {SINGLES}")
        if number == 1:
            check_access(page)
        page.get_by_role("button", name="Realistic" if number % 2 else "Unrealistic", exact=True).click()
    page.get_by_role("heading", name="Thank you").wait_for()
    check_access(page)
    page.get_by_role("button", name="Compare two clips").click()
    for number in range(1, PAIRS + 1):
        wait_for(page, f"Pair {number} of {PAIRS}")
        if number == 1:
            check_access(page)
        page.get_by_role("button", name="A", exact=True).click()
    page.get_by_text("That was all.").wait_for()
    given = Counter(vote["answer"] for vote in votes(page)[before:])
    assert given == {"realistic": SINGLES / 2, "unrealistic": SINGLES / 2, "first": PAIRS}


def test_the_video_really_plays_with_its_sound(open_page):
    page = open_page()
    begin(page, "single")
    page.wait_for_function("() => document.getElementById('video-0').currentTime > 0.2")
    earlier = playing(page)
    page.wait_for_function(f"() => document.getElementById('video-0').currentTime > {earlier} + 0.2")
    about = page.evaluate(
        "(v => ({width: v.videoWidth, muted: v.muted, volume: v.volume, length: v.duration, error: v.error,"
        " sound: v.webkitAudioDecodedByteCount, pictures: v.webkitDecodedFrameCount}))"
        "(document.getElementById('video-0'))"
    )
    assert (about["width"], about["muted"], about["volume"], about["error"]) == (96, False, 1, None)
    assert about["length"] == pytest.approx(0.75, abs=0.03)
    assert about["sound"] > 1000
    assert about["pictures"] > 5


def test_a_clip_must_be_watched_and_can_be_seen_again(open_page):
    page = open_page()
    begin(page, "single")
    # Buttons that wait keep the focus, so they are not disabled for the browser.
    page.get_by_role("button", name="Unrealistic", exact=True).click(force=True)
    page.get_by_text("Watch the clip to the end first.").wait_for()
    page.keyboard.press("ArrowLeft")
    wait_for(page, f"Clip 1 of {SINGLES}")
    page.get_by_role("button", name="Play again").click()
    page.wait_for_function("() => document.getElementById('video-0').currentTime < 0.6")
    # Whoever has watched it may answer while it plays again.
    page.get_by_role("button", name="Unrealistic", exact=True).click()
    wait_for(page, f"Clip 2 of {SINGLES}")


def test_by_keyboard_alone(open_page):
    page = open_page()
    before = len(votes(page))
    page.get_by_role("heading", name="Does this dance look real?").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for number in range(1, SINGLES + 1):
        wait_for(page, f"Clip {number} of {SINGLES}")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight" if number % 2 else "ArrowLeft")
    page.get_by_role("heading", name="Thank you").wait_for()
    # The heading has the focus; the button comes next.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "other"
    page.keyboard.press("Enter")
    wait_for(page, f"Pair 1 of {PAIRS}")
    # By the buttons as well: Tab to them, Enter.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "left"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    wait_for(page, f"Pair 2 of {PAIRS}")
    assert page.evaluate("document.activeElement.id") == "left"
    page.keyboard.press("ArrowRight")
    page.get_by_text("That was all.").wait_for()
    given = [vote["answer"] for vote in votes(page)[before:]]
    assert given == ["unrealistic", "realistic"] * (SINGLES // 2) + ["first", "second"]


def test_by_touch_on_a_phone_in_the_dark(open_page, check_access):
    page = open_page(kind=PHONE, dark=True)
    check_access(page)
    page.get_by_role("button", name="One clip at a time").tap()
    wait_for(page, f"Clip 1 of {SINGLES}")
    check_access(page)
    for number in range(1, 3):
        wait_for(page, f"Clip {number} of {SINGLES}")
        button = page.get_by_role("button", name="Realistic", exact=True)
        box = button.bounding_box()
        # All on one screen, large enough for a thumb, nothing beside it.
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= 740
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        button.tap()
    page.goto(page.url.partition("#")[0])
    page.get_by_role("button", name="Compare two clips").tap()
    wait_for(page, f"Pair 1 of {PAIRS}")
    check_access(page)
    boxes = [page.locator(f"#video-{number}").bounding_box() for number in (0, 1)]
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]
    assert page.locator("#right").bounding_box()["y"] < 740
    page.get_by_role("button", name="B", exact=True).tap()
    wait_for(page, f"Pair 2 of {PAIRS}")


def test_two_clips_play_one_after_the_other(open_page):
    page = open_page()
    begin(page, "pair")
    page.wait_for_function("() => document.getElementById('video-0').currentTime > 0.3")
    assert playing(page, 1) == 0
    page.wait_for_function("() => document.getElementById('video-1').currentTime > 0.3")
    assert page.evaluate("document.getElementById('video-0').paused")
    assert page.locator("#left").get_attribute("aria-disabled") == "true"
    wait_for(page, f"Pair 1 of {PAIRS}")
    left, right = (page.locator(f"#video-{number}").bounding_box() for number in (0, 1))
    assert left["y"] == right["y"]


def test_a_reload_goes_on_where_it_was(open_page):
    page = open_page()
    begin(page, "single")
    for number in (1, 2):
        wait_for(page, f"Clip {number} of {SINGLES}")
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => document.getElementById('count').textContent === 'Clip 3 of {SINGLES}'")
    clip = page.evaluate("document.getElementById('video-0').src")
    page.reload()
    page.wait_for_function(f"() => document.getElementById('count').textContent === 'Clip 3 of {SINGLES}'")
    assert page.evaluate("document.getElementById('video-0').src") == clip
    # A browser that wants a touch before sound has a button for it.
    page.wait_for_function(
        "() => !document.getElementById('play').hidden || document.getElementById('video-0').currentTime > 0"
    )
    if page.locator("#play").is_visible():
        page.locator("#play").click()
    wait_for(page, f"Clip 3 of {SINGLES}")
    # By the plain address: the first page says how far they are.
    page.goto(page.url.partition("#")[0])
    page.get_by_text(f"2 of {SINGLES} done").wait_for()


def test_a_vote_outlives_a_server_that_dies(open_page, server):
    page = open_page()
    before = len(votes(page))
    begin(page, "single")
    wait_for(page, f"Clip 1 of {SINGLES}")
    server.kill()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("No connection; trying again.").wait_for()
    server.start()
    wait_for(page, f"Clip 2 of {SINGLES}")
    assert [vote["answer"] for vote in votes(page)[before:]] == ["realistic"]
    # The browser's own words about the dead server.
    open_page.faults[:] = [fault for fault in open_page.faults if "ERR_CONNECTION_REFUSED" not in fault]


@pytest.mark.parametrize("dark", [False, True])
def test_the_results_page(open_page, check_access, dark):
    page = open_page("/results", dark=dark)
    check_access(page)
    row = page.get_by_role("row", name="linear straight lines at the seams")
    assert "53.33 %" in row.inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="All votes as CSV").click()
    assert download.value.suggested_filename == "votes.csv"


def test_the_results_page_on_a_phone(open_page, check_access):
    page = open_page("/results", kind=PHONE, dark=True)
    check_access(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
