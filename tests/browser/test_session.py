"""Whole sessions in the cutting room over a finished tiny run, with the real workflow behind the page.

The run's folder stands in TINY_RUN (tests/workflow/smoke.sh makes one, and calls this at its end).
"""

import os
from pathlib import Path

import pytest
from opened_run import BROKEN, PERSON, SONG, OpenedRun, copy_run
from screens import DESK, PHONE
from tiny_room import NO_EDITS

from danceit_core.choreography.plan import read_plan

pytestmark = pytest.mark.skipif("TINY_RUN" not in os.environ, reason="TINY_RUN names no folder of a finished tiny run")

# What an edit touches, as the page names it.
TOUCHED = ["edit plan", "align poses", "preview poses"]
LONGEST_RUN_MS = 600_000
FOCUSED = "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()"


@pytest.fixture(scope="module")
def run(chromium, tmp_path_factory):
    """The project, opened by `danceit open`."""
    opened = OpenedRun(copy_run(Path(os.environ["TINY_RUN"]), tmp_path_factory.mktemp("session")))
    yield opened
    opened.stop()


@pytest.fixture
def edits(run):
    """The table of edits, without any."""
    path = run.place.tables["edits"]
    path.write_text(NO_EDITS)
    return path


@pytest.fixture
def show(run, edits, chromium):
    """Opens a page; at the end nothing may have gone wrong in any. Those of one session share a browser (two tabs)."""
    contexts, faults = {}, []

    def open_(path="/", *, kind=DESK, dark=False):
        key = (kind is PHONE, dark)
        if key not in contexts:
            contexts[key] = chromium.new_context(**kind, color_scheme="dark" if dark else "light")
        page = contexts[key].new_page()
        page.set_default_timeout(LONGEST_RUN_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
        page.goto(f"http://{run.host}{path}")
        return page

    open_.faults = faults
    yield open_
    for context in contexts.values():
        context.close()
    assert faults == []


def ready(page):
    page.locator("#play:not([disabled])").wait_for()


def tab_to(page, name):
    """Press Tab until a control with such a name has the focus, as somebody without a mouse does."""
    passed = []
    for _ in range(80):
        page.keyboard.press("Tab")
        passed.append(page.evaluate(FOCUSED))
        if passed[-1].startswith(name):
            return passed[-1]
    raise AssertionError(f"no way by Tab to {name!r}: {passed}")


def said(page, text):
    page.locator("#said, #fault").get_by_text(text).first.wait_for(state="attached")


def lines(table):
    return [tuple(line.split("\t")[1:]) for line in table.read_text().splitlines()[1:] if line]


def open_clip(page):
    page.get_by_role("button", name="Clip 1 of").click()
    page.locator(".candidate").first.wait_for()


def test_a_session_with_the_keyboard_alone(run, edits, show, check_access):
    page = show()
    page.locator("body[data-ready]").wait_for(state="attached")
    check_access(page)
    tab_to(page, SONG)
    page.keyboard.press("Enter")
    ready(page)
    before = read_plan(run.place.plan(SONG)).fragment_id[0]
    fragment = choose(page, check_access)
    assert fragment != before
    assert [(start, *what) for start, _, *what in lines(edits)] == [("0", "pin", fragment)]
    take_back_after_reload(page, edits)
    make_again(page, check_access)
    assert run.jobs() == sorted(rule.replace(" ", "_") for rule in TOUCHED)
    assert read_plan(run.place.plan(SONG)).fragment_id[0] == fragment
    shows(page, fragment)
    page.get_by_role("link", name="All songs").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"Watch and edit {SONG}").wait_for()


def choose(page, check_access):
    """The first alternative of the first clip, by keys; its fragment."""
    tab_to(page, "Clip 1 of")
    page.keyboard.press("Enter")
    page.locator(".candidate").first.wait_for()
    check_access(page)
    tab_to(page, "Choose ")
    page.keyboard.press("Enter")
    said(page, "for clip 1: written.")
    return page.locator(".candidate").first.get_attribute("data-fragment")


def take_back_after_reload(page, edits):
    """Loaded again in the middle, the page has the edit still, and the way back and forth."""
    pinned = lines(edits)
    page.reload()
    ready(page)
    page.get_by_text("edits not in the dance yet").wait_for()
    assert "edit: pin" in page.get_by_role("button", name="Clip 1 of").get_attribute("aria-label")
    page.keyboard.press("Control+z")
    said(page, "Taken back: Choose")
    assert lines(edits) == []
    page.keyboard.press("Control+Shift+z")
    said(page, "Done again: Choose")
    assert lines(edits) == pinned


def make_again(page, check_access):
    """What the edit touches, and nothing else, is told and made."""
    page.evaluate("window.sameDocument = true")
    page.keyboard.press("m")
    steps = page.locator("#forecast tbody th")
    steps.first.wait_for()
    assert sorted(steps.all_inner_texts()) == sorted(TOUCHED)
    tab_to(page, "Make it")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Run in progress").get_by_text(f"of {len(TOUCHED)} steps").wait_for()
    check_access(page)
    said(page, "The preview is made.")


def shows(page, fragment):
    """The page has gone on by itself: it shows the new dance, and plays it."""
    page.get_by_text("edits not in the dance yet").wait_for(state="hidden")
    shown = page.evaluate("async () => (await import('/pages/song/main.js')).room.state.dance.clips[0].fragment")
    assert shown == fragment
    clip = page.get_by_role("button", name="Clip 1 of").get_attribute("aria-label")
    assert f", {fragment.split(':')[0]} at " in clip
    assert page.evaluate("window.sameDocument")
    page.locator("h1").focus()
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('sound').currentTime > 0.3")
    page.keyboard.press("Space")


def test_a_run_that_fails_says_why_and_the_rest_works(run, show, check_access):
    start, song = show(), show(f"/songs/{BROKEN}")
    song.get_by_role("heading", name="No dance yet").wait_for()
    start.get_by_role("button", name=f"Make the draft of {BROKEN} with {PERSON}").click()
    start.get_by_role("dialog").get_by_text("steps, ").wait_for()
    start.get_by_role("button", name="Start").click()
    line = start.locator(".line")
    line.wait_for()
    why = line.inner_text()
    assert "broken" in why
    song.locator("#failure").get_by_text(why).wait_for(state="attached")
    check_access(start)
    song.get_by_role("tab", name="Make").click()
    assert song.locator("#failure").is_visible()
    check_access(song)
    log = (run.place.results / "cutting_room" / "run.log").read_text()
    assert f"error: {why}" in log
    assert "Traceback" not in log
    # What the browser itself says of a sound that the server refuses.
    assert all(fault.startswith("Failed to load resource") for fault in show.faults), show.faults
    show.faults.clear()
    other = show(f"/songs/{SONG}")
    ready(other)
    open_clip(other)


def test_a_run_is_cancelled_and_goes_on_later(run, edits, show):
    plan = read_plan(run.place.plan(SONG))
    edits.write_text(f"{NO_EDITS}{SONG}\t0\t5\tban\t{plan.source_video[0]}\n")
    page, start = show(f"/songs/{SONG}"), show()
    ready(page)
    page.get_by_role("tab", name="Make").click()
    page.locator("#forecast tbody th").first.wait_for()
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("region", name="Run in progress").get_by_text("of 3 steps").wait_for()
    page.get_by_role("button", name="Cancel", exact=True).click()
    said(page, "The preview was cancelled. Finished steps stay; the rest starts again next time.")
    start.get_by_text("was cancelled. Finished steps stay; the rest starts again next time.").wait_for(state="attached")
    page.get_by_role("button", name="Make it").click()
    said(page, "The preview is made.")
    assert plan.source_video[0] not in read_plan(run.place.plan(SONG)).source_video


def test_two_tabs_and_a_hand_lose_nothing(edits, show):
    page, other = show(f"/songs/{SONG}"), show(f"/songs/{SONG}")
    for one in (page, other):
        ready(one)
    open_clip(page)
    page.get_by_role("button", name="Another move").click()
    said(page, "written.")
    other.get_by_role("tab", name="Edits 1").wait_for()
    # By hand, while the page's own change is on its way.
    by_hand = f"{SONG}\t0\t1\tstyle\tstudio\n"

    def hand(route):
        edits.write_text(f"{edits.read_text()}# mine\n{by_hand}")
        route.continue_()

    page.route("**/api/edits", hand, times=1)
    page.get_by_role("button", name="Keep this move").click()
    said(page, "changed elsewhere")
    assert edits.read_text().endswith(f"# mine\n{by_hand}")
    page.get_by_role("button", name="Do it again").click()
    said(page, "Done: it is written now.")
    assert f"# mine\n{by_hand}" in edits.read_text()
    assert sorted(line[2] for line in lines(edits) if len(line) == 4) == ["pin", "seed", "style"]
    other.get_by_role("tab", name="Edits 3").wait_for()
    assert [fault for fault in show.faults if "409" not in fault] == []
    assert show.faults
    show.faults.clear()


def test_on_a_phone(edits, show, check_access):
    page = show(kind=PHONE, dark=True)
    page.locator("body[data-ready]").wait_for(state="attached")
    check_access(page)
    page.get_by_role("link", name=f"Watch and edit {SONG}").tap()
    ready(page)
    page.get_by_role("button", name="Clip 1 of").tap()
    card = page.locator(".candidate").first
    card.get_by_role("button", name="Choose").tap()
    said(page, "for clip 1: written.")
    assert lines(edits)[0][2:] == ("pin", card.get_attribute("data-fragment"))
    check_access(page)
    for tab in ("Edits", "Beats", "Make", "Clip"):
        page.get_by_role("tab", name=tab).tap()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"], tab
    assert page.evaluate("window.visualViewport.scale") == pytest.approx(1, abs=0.01)
