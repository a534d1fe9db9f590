"""The page of a song as its user meets it: look, play, exchange moves, take back, correct by ear, on desk and phone."""

import statistics

import pytest
from danced_project import BARE, MIX, MIX_CLIPS, add_songs, dance
from screens import DESK, PHONE
from tiny_room import NO_EDITS, SONG

CLIPS = 6
FPS = 24
# The page's own parts, as `main.js` gives them out.
ROOM = "const { room } = await import('/pages/song/main.js');"


@pytest.fixture(scope="session")
def danced(place):
    """The project with a dance to its song, a mix of two hours, and a song without anything."""
    dance(place)
    add_songs(place)
    return place


@pytest.fixture
def table(danced):
    path = danced.tables["edits"]
    path.write_text(NO_EDITS)
    return path


@pytest.fixture
def open_song(danced, table, open_room_page):
    """Opens the page of a song and waits until it can be played."""

    def open_(song=SONG, **kind):
        page = open_room_page(f"/songs/{song}", **kind)
        ready(page)
        return page

    open_.faults = open_room_page.faults
    return open_


def ready(page):
    page.locator("#play:not([disabled])").wait_for()


def lines(table):
    return [tuple(line.split("\t")[1:]) for line in table.read_text().splitlines()[1:] if line]


def open_clip(page, number):
    page.get_by_role("button", name=f"Clip {number} of").click()
    # The first ones take as long as it takes to load the matcher.
    page.locator(".candidate").first.wait_for(timeout=60_000)


def said(page, text):
    page.locator(".message").get_by_text(text).wait_for()


def test_what_a_stranger_sees(open_song, check_access):
    page = open_song()
    assert page.get_by_role("heading", level=1).inner_text() == SONG
    names = [node.get_attribute("aria-label") for node in page.locator(".clip button").all()]
    assert len(names) == CLIPS
    assert names[2].startswith(f"Clip 3 of {CLIPS}, 0:02.0 to 0:03.0, dance_1 at 0:02.0, match 75 %, smooth seam, ")
    page.locator(".clip img").first.wait_for()
    assert page.evaluate("[...document.querySelectorAll('.clip img')].every(image => image.alt === '')")
    check_access(page)
    open_clip(page, 3)
    check_access(page)
    for tab in ("Edits", "Beats", "Make"):
        page.get_by_role("tab", name=tab).click()
        check_access(page)
    page.locator("#help-open").click()
    check_access(page)


def test_the_skeleton_dances_to_the_song(open_song):
    page = open_song()
    picture = "document.querySelector('.pane canvas').toDataURL()"
    before = page.evaluate(picture)
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('sound').currentTime > 0.6")
    page.keyboard.press("Space")
    page.wait_for_function("() => document.getElementById('sound').paused")
    assert page.evaluate(picture) != before
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.getElementById('time').textContent === '0:00.0'")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.getElementById('bar').textContent === 'bar 2'")


def test_a_selection_is_looped(open_song):
    page = open_song()
    open_clip(page, 2)
    page.keyboard.press("l")
    page.keyboard.press("Space")
    page.wait_for_timeout(1600)
    assert 0.9 < page.evaluate("document.getElementById('sound').currentTime") < 2.1
    page.keyboard.press("Space")


def test_the_draft_shows_the_picture_of_the_clock(open_song):
    """Each picture's number, and the clock when the screen shows it: within one frame of each other."""
    page = open_song()
    page.locator(".pane select").first.select_option("now:draft")
    page.wait_for_function("() => document.querySelector('.pane video').readyState >= 2")
    page.keyboard.press("Space")
    shown = page.evaluate(f"""async () => {{
        {ROOM}
        const found = [];
        const video = document.querySelector('.pane video');
        const context = new OffscreenCanvas(96, 96).getContext('2d', {{ willReadFrequently: true }});
        while (room.player.now < 5) {{
            const about = await new Promise(done => video.requestVideoFrameCallback((_, given) => done(given)));
            const clock = room.player.now + (about.expectedDisplayTime - performance.now()) / 1000;
            context.drawImage(video, 0, 0, 96, 96);
            let number = 0;
            for (let bit = 0; bit < 8; bit += 1) {{
                number += (context.getImageData(12 * bit + 6, 6, 1, 1).data[0] > 128) << bit;
            }}
            if (clock > 1) found.push(clock * {FPS} - number);
        }}
        return found;
    }}""")
    page.keyboard.press("Space")
    # 0 to 1: the clock is within the picture's frame. A busy machine may show a picture late.
    away = [max(-frames, frames - 1, 0) for frames in shown]
    assert len(away) > 30
    assert statistics.median(away) < 0.5
    assert statistics.quantiles(away, n=20)[-1] <= 1, away


def test_two_versions_side_by_side(open_song, check_access):
    page = open_song()
    page.get_by_role("button", name="Compare").click()
    assert page.locator(".pane:visible").count() == 2
    assert page.get_by_label("Shown in second picture").input_value() == "now:draft"
    check_access(page)
    page.get_by_role("slider", name="Position in the song").press("ArrowRight")
    page.wait_for_function(
        "() => { const v = document.querySelectorAll('.pane video')[1];"
        " return Math.abs(v.currentTime - document.getElementById('sound').currentTime) < 0.05 && v.currentTime > 0.9 }"
    )


def test_choose_ban_and_take_back(open_song, table):
    page = open_song()
    open_clip(page, 3)
    assert page.locator(".candidate").count() >= 3
    card = page.locator(".candidate").nth(1)
    fragment = card.get_attribute("data-fragment")
    card.get_by_role("button", name="Choose").click()
    said(page, "Choose")
    assert lines(table) == [("2", "3", "pin", fragment)]
    card.get_by_text("pinned", exact=True).wait_for()
    assert "edit: pin" in page.get_by_role("button", name=f"Clip 3 of {CLIPS}").get_attribute("aria-label")
    # Another pin takes the place of the first.
    page.get_by_role("button", name="Keep this move").click()
    said(page, "Keep")
    assert lines(table) == [("2", "3", "pin", "dance_1:48")]
    page.get_by_role("button", name="Ban dance_1 here").click()
    said(page, "Ban dance_1")
    assert lines(table) == [("2", "3", "ban", "dance_1")]
    page.locator("#undo").click()
    said(page, "Taken back: Ban dance_1")
    page.keyboard.press("Control+z")
    said(page, "Taken back: Keep")
    assert lines(table) == [("2", "3", "pin", fragment)]
    page.reload()
    ready(page)
    page.locator("#redo").click()
    said(page, "Done again: Keep")
    assert lines(table) == [("2", "3", "pin", "dance_1:48")]
    page.locator("#undo").click()
    said(page, "Taken back: Keep")
    page.get_by_role("tab", name="Edits").click()
    page.get_by_role("button", name=f"Remove: pin {fragment}").click()
    said(page, "Remove pin")
    assert lines(table) == []


def test_alternatives_play_where_they_are_seen(open_song):
    page = open_song()
    open_clip(page, 2)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.candidate video')].some(v => v.currentTime > 0.2 && !v.paused)"
    )
    page.get_by_role("button", name="Stop videos").click()
    page.wait_for_function("() => [...document.querySelectorAll('video.loop')].every(video => video.paused)")


def test_by_keyboard_alone(open_song, table):
    page = open_song()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#clips') !== null"):
            break
    focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
    assert page.evaluate(focused).startswith("Clip 1 of")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".candidate").first.wait_for()
    page.keyboard.press("1")
    said(page, "for clip 2")
    assert page.evaluate(focused).startswith("Clip 2 of")
    assert [(start, action) for start, _, action, _ in lines(table)] == [("1", "pin")]
    page.keyboard.press("Control+z")
    said(page, "Taken back")
    page.keyboard.press("Control+Shift+z")
    said(page, "Done again")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.get_by_role("heading", name="Clips 2 to 4").wait_for()
    page.keyboard.press("r")
    said(page, "Other moves")
    assert lines(table)[1][:3] == ("1", "4", "seed")
    page.get_by_label("Only dances of the style").select_option("pop")
    page.get_by_role("button", name="Set style").press("Enter")
    said(page, "Only pop")
    assert lines(table)[2] == ("1", "4", "style", "pop")
    assert page.evaluate(focused) == "Set style"
    # The focus goes on to what is left of a list from which a line was taken.
    page.get_by_role("tab", name="Edits").click()
    page.get_by_role("button", name="Remove: pin").press("Enter")
    said(page, "Remove pin")
    assert page.evaluate(focused).startswith("Remove: ")
    page.locator("#help-open").press("Enter")
    page.get_by_role("dialog").get_by_text("Undo the last edit").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "help-open"


def test_a_table_changed_by_hand_is_never_overwritten(open_song, table):
    page = open_song()
    open_clip(page, 3)
    table.write_text(f"{NO_EDITS}# mine\n{SONG}\t0\t1\tban\tdance_2\n")
    page.get_by_role("button", name="Keep this move").click()
    said(page, "changed elsewhere")
    assert lines(table)[1:] == [("0", "1", "ban", "dance_2")]
    page.locator("#message-act").click()
    said(page, "Done: it is written now.")
    assert "# mine" in table.read_text()
    assert [line[2] for line in lines(table)[1:]] == ["ban", "pin"]
    # The browser's own words about the answer 409.
    assert len(open_song.faults) == 2
    open_song.faults.clear()


def test_two_tabs_show_the_same_edits(open_song, table):
    page, other = open_song(), open_song()
    open_clip(page, 4)
    page.get_by_role("button", name="Ban this move here").click()
    said(page, "Ban")
    other.get_by_role("tab", name="Edits 1").click()
    other.get_by_role("button", name="Remove: ban dance_2:60").click()
    page.get_by_role("tab", name="Edits", exact=True).wait_for()
    page.wait_for_function("() => document.querySelectorAll('.clip .badge').length === 0")
    assert lines(table) == []


def test_a_reload_loses_no_place(open_song):
    page = open_song()
    page.keyboard.press("+")
    open_clip(page, 5)
    page.get_by_role("tab", name="Beats").click()
    before = page.evaluate(f"(async () => {{ {ROOM} return [room.player.now, room.timeline.view.px_per_s] }})()")
    page.reload()
    ready(page)
    page.wait_for_function("() => document.getElementById('time').textContent === '0:04.0'")
    after = page.evaluate(f"(async () => {{ {ROOM} return [room.player.now, room.timeline.view.px_per_s] }})()")
    assert after == pytest.approx(before, abs=0.01)
    assert page.get_by_role("tab", name="Beats").get_attribute("aria-selected") == "true"
    assert page.locator(".clip.chosen button").get_attribute("aria-label").startswith("Clip 5 of")


def test_beats_are_corrected_by_ear(open_song, danced):
    songs = danced.tables["songs"]
    kept = songs.read_text()
    page = open_song()
    page.get_by_role("tab", name="Beats").click()
    page.get_by_text("120.0 beats per minute, 4 beats in a bar").wait_for()
    try:
        for _ in range(3):
            page.get_by_role("button", name="10 ms later").click()
        page.get_by_text("30 ms later", exact=True).wait_for()
        page.get_by_role("button", name="Write it").click()
        said(page, "moved by 30 ms later")
        beats = danced.folder / "beats" / f"{SONG}.beats"
        assert float(beats.read_text().split()[0]) == pytest.approx(0.03, abs=0.002)
        page.get_by_role("button", name="Forget all corrections").click()
        said(page, "found by the program")
        page.get_by_label("Start, s").fill("0.5")
        page.get_by_role("button", name="Write start and end").click()
        said(page, "Start and end")
        assert "0.5" in songs.read_text()
    finally:
        songs.write_text(kept)


def test_taps_make_a_tempo(open_song):
    page = open_song()
    page.locator("h1").click()
    tempo = page.evaluate("""async () => {
        const { Taps } = await import('/pages/song/taps.js');
        const taps = new Taps();
        [0.1, 0.61, 1.09, 1.6, 2.11, 2.6].forEach(time => taps.tap(time));
        return taps.bpm;
    }""")
    assert tempo == pytest.approx(120, abs=1)
    for _ in range(4):
        page.keyboard.press("t")
        page.wait_for_timeout(300)
    page.get_by_text("4 taps, ").wait_for()
    assert page.get_by_role("button", name="Use these taps").is_enabled()
    page.keyboard.press("Space")


def test_a_song_without_a_dance_says_what_to_do(open_song, check_access):
    page = open_song(BARE)
    page.get_by_role("heading", name="No dance yet").wait_for()
    assert page.get_by_role("button", name="Make a preview").is_enabled()
    assert page.locator("#clips").is_hidden()
    check_access(page)


def test_a_mix_of_two_hours_stays_small_in_the_page(open_song, check_access):
    page = open_song(MIX)
    page.locator(".clip").first.wait_for()
    assert page.locator(".clip").count() < 200
    page.locator(".clip button").first.focus()
    page.keyboard.press("End")
    last = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert last.startswith(f"Clip {MIX_CLIPS} of {MIX_CLIPS}, 1:59:58.0 to 2:00:00.0")
    page.keyboard.press("0")
    page.wait_for_timeout(300)
    assert page.locator(".clip").count() < 500
    check_access(page)


@pytest.mark.parametrize(("kind", "dark"), [(PHONE, False), (PHONE, True), (DESK, True)])
def test_it_fits_and_can_be_read(open_song, check_access, kind, dark):
    page = open_song(kind=kind, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"]
    node = page.get_by_role("button", name=f"Clip 2 of {CLIPS}")
    node.tap() if kind is PHONE else node.click()
    page.locator(".candidate").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= kind["viewport"]["width"]
    check_access(page)
